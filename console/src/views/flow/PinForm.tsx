import { useState } from "react";
import { ApiError } from "../../api/client";
import type { Flow } from "../../api/types";
import { useChange } from "../../api/useChange";
import { Button } from "../../parts/controls/Button";
import { NoteField } from "../../parts/forms/NoteField";
import { fieldsOf, read } from "../../parts/forms/schemaFields";
import { SchemaForm } from "../../parts/forms/SchemaForm";
import { Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";

const F = S.flow;
const FIELDS = fieldsOf({
  properties: {
    parallelism: { title: F.parallelism, type: "integer", minimum: 1 },
    rate: { title: F.rate, type: "number", minimum: 0 },
    periodSeconds: { title: F.period, type: "number", minimum: 0.001 },
  },
});

/** In place: what is saved is in force in place of the code's until it is reset. */
export function PinForm({ flow, onClose }: { readonly flow: Flow; readonly onClose: () => void }) {
  const [values, setValues] = useState<Record<string, string>>({
    parallelism: flow.parallelism === null ? "" : String(flow.parallelism),
    rate: flow.rate === null ? "" : String(flow.rate),
    periodSeconds: String(flow.periodSeconds),
  });
  const { data, faults } = read(FIELDS, values);
  const [note, setNote] = useState("");
  const pin = useChange(
    () => [
      `/api/flow-control/${encodeURIComponent(flow.key)}`,
      { method: "PUT", body: { ...data, note: note.trim() || null } },
    ],
    onClose,
  );
  const said =
    pin.error instanceof ApiError
      ? Object.fromEntries(pin.error.faults.map(({ field, message }) => [field, message]))
      : {};
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (Object.keys(faults).length === 0) pin.mutate(undefined);
      }}
    >
      <SchemaForm
        fields={FIELDS}
        values={values}
        faults={{ ...said, ...faults }}
        onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
      />
      <p className="small muted">{F.empty}</p>
      <NoteField value={note} onChange={setNote} />
      {pin.error !== null && <Problem error={pin.error} />}
      <div className="row">
        <Button type="submit" tone="main" busy={pin.isPending}>
          {F.pin}
        </Button>
        <Button onClick={onClose}>{S.common.back}</Button>
      </div>
    </form>
  );
}
