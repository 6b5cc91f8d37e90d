import { useMemo, useState } from "react";
import { faultsOf, newKey } from "../../api/client";
import { useDry } from "../../api/dryRun";
import { useForbidden } from "../../api/session";
import type { BackfillDryRun, Family } from "../../api/types";
import { useChange } from "../../api/useChange";
import { count } from "../../format/numbers";
import { to } from "../../page/links";
import { navigate, refine } from "../../page/router";
import { Button } from "../../parts/controls/Button";
import { initialOf, type Values } from "../../parts/forms/schemaFields";
import { SchemaForm } from "../../parts/forms/SchemaForm";
import { Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";
import { BackfillDryPanel } from "./BackfillDryPanel";
import { bodyOf, formOf } from "./backfillFields";

const B = S.backfills;

export function BackfillForm({ family }: { readonly family: Family }) {
  const form = useMemo(() => formOf(family), [family]);
  const all = useMemo(() => [...form.own, ...form.params, ...form.options], [form]);
  const [values, setValues] = useState<Values>(() =>
    initialOf(all, new URLSearchParams(location.search)),
  );
  const [touched, setTouched] = useState(false);
  const [key, setKey] = useState(newKey);
  const { body, faults } = bodyOf(family.name, form, values);
  const sound = Object.keys(faults).length === 0;
  const dry = useDry<BackfillDryRun>(
    "/api/backfills",
    sound ? body : null,
    ({ partitions }) => partitions,
  );
  const start = useChange<typeof body, { backfillId: string }>(
    (sent) => ["/api/backfills", { method: "POST", body: sent, once: key }],
    ({ backfillId }) => navigate(to(["backfills", backfillId])),
  );
  const forbidden = useForbidden("run");

  function change(name: string, value: string): void {
    setTouched(true);
    setValues((before) => ({ ...before, [name]: value }));
    setKey(newKey()); // another body is another start
    const field = all.find((one) => one.name === name);
    if (field === undefined || field.kind === "secret") return;
    refine({ [name]: value === field.initial ? null : value }, { replace: true });
  }

  const told = {
    ...faultsOf(dry.error),
    ...faultsOf(start.error),
    ...(touched ? faults : {}),
  };
  const shared = { values, faults: told, onChange: change };
  const number = dry.found?.partitions ?? null;
  return (
    <form
      className="start"
      onSubmit={(event) => {
        event.preventDefault();
        setTouched(true);
        if (forbidden === null && dry.ready && !start.isPending) start.mutate(body);
      }}
    >
      <div className="card stack">
        <h2>{B.form.what}</h2>
        <SchemaForm fields={form.own} {...shared} />
        {form.params.length > 0 && <h3>{B.form.params}</h3>}
        <SchemaForm fields={form.params} {...shared} />
        <details open={form.options.some(({ name, initial }) => values[name] !== initial)}>
          <summary>{B.form.options}</summary>
          <SchemaForm fields={form.options} {...shared} />
        </details>
      </div>
      <div className="card stack preview" aria-live="polite">
        <h2>{S.start.dryRun}</h2>
        <BackfillDryPanel dry={dry} family={family} sound={sound} />
        {start.error !== null && <Problem error={start.error} />}
        <Button type="submit" tone="main" busy={start.isPending} reason={forbidden ?? dry.reason}>
          {number === null ? B.form.run : B.form.runOf(count(number), number)}
        </Button>
      </div>
    </form>
  );
}
