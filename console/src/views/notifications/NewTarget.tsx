import { useMemo, useState } from "react";
import { faultsOf } from "../../api/client";
import { useFamilies } from "../../api/queries/families";
import type { NotificationTarget } from "../../api/types";
import { useChange } from "../../api/useChange";
import { Button } from "../../parts/controls/Button";
import { Copy } from "../../parts/controls/Copy";
import { Dialog } from "../../parts/controls/Dialog";
import { Confirm } from "../../parts/forms/Confirm";
import { SchemaForm } from "../../parts/forms/SchemaForm";
import { fieldsOf, initialOf, read, type Values } from "../../parts/forms/schemaFields";
import { S } from "../../strings";

const N = S.notifications;
const EVENTS = [
  "run.failed",
  "run.partial",
  "run.paused",
  "run.waiting_for_approval",
  "item.suspended",
  "run.succeeded",
  "run.cancelled",
];

interface Created {
  readonly target: NotificationTarget;
  readonly secret: string | null;
}

/** Adds one, and shows its secret the only time that anybody sees it. */
export function NewTarget({ onClose }: { readonly onClose: () => void }) {
  const families = (useFamilies().data ?? []).map(({ name }) => name);
  const fields = useMemo(formOf, []);
  const [values, setValues] = useState<Values>(() => initialOf(fields, null));
  const [events, setEvents] = useState<readonly string[]>([]);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [secret, setSecret] = useState<string | null>(null);
  const { data, faults } = read(fields, values);
  const [tried, setTried] = useState(false);
  const save = useChange<string | null, Created>(
    (note) => [
      "/api/notifications",
      { method: "POST", body: { ...data, events: some(events), families: some(chosen), note } },
    ],
    (made) => (made.secret === null ? onClose() : setSecret(made.secret)),
  );
  if (secret !== null) return <Secret secret={secret} onClose={onClose} />;
  return (
    <Confirm
      title={N.add}
      action={N.addNow}
      busy={save.isPending}
      error={save.error}
      noted
      onConfirm={(note) => {
        setTried(true);
        if (Object.keys(faults).length === 0) save.mutate(note);
      }}
      onClose={onClose}
    >
      <SchemaForm
        fields={fields}
        values={values}
        faults={{ ...faultsOf(save.error), ...(tried ? faults : {}) }}
        onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
      />
      <Some legend={N.events} of={EVENTS} chosen={events} onChange={setEvents} />
      <Some legend={N.families} of={families} chosen={chosen} onChange={setChosen} />
    </Confirm>
  );
}

function Secret({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  return (
    <Dialog title={N.secretTitle} onClose={onClose}>
      <p>{N.secretMore}</p>
      <p className="row">
        <code className="whole">{secret}</code> <Copy text={secret} />
      </p>
      <div className="row end">
        <Button tone="main" onClick={onClose}>
          {N.done}
        </Button>
      </div>
    </Dialog>
  );
}

function Some(props: {
  readonly legend: string;
  readonly of: readonly string[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}) {
  const { of, chosen, onChange } = props;
  return (
    <fieldset>
      <legend>{props.legend}</legend>
      {of.map((one) => (
        <label key={one} className="row">
          <input
            type="checkbox"
            checked={chosen.includes(one)}
            onChange={({ target }) =>
              onChange(target.checked ? [...chosen, one] : chosen.filter((other) => other !== one))
            }
          />
          {one}
        </label>
      ))}
      {chosen.length === 0 && <p className="muted">{N.everything}</p>}
    </fieldset>
  );
}

function formOf() {
  return fieldsOf({
    required: ["url", "kind"],
    properties: {
      url: { title: N.url, description: N.urlMore, type: "string" },
      kind: { title: N.kind, enum: ["webhook", "slack"], default: "webhook" },
      name: { title: N.name, description: N.nameMore, type: "string" },
    },
  });
}

function some(chosen: readonly string[]): readonly string[] | null {
  return chosen.length === 0 ? null : chosen;
}
