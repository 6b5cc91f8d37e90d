import { useMemo, useState } from "react";
import { ApiError, newKey } from "../../api/client";
import { useDry } from "../../api/dryRun";
import { useForbidden } from "../../api/session";
import type { DryRun, Family } from "../../api/types";
import { useChange } from "../../api/useChange";
import { count } from "../../format/numbers";
import { to } from "../../page/links";
import { navigate, refine } from "../../page/router";
import { Button } from "../../parts/controls/Button";
import { Link } from "../../parts/controls/Link";
import { optionFields, readOptions } from "../../parts/forms/runOptions";
import { fieldsOf, initialOf, read, type Values } from "../../parts/forms/schemaFields";
import { SchemaForm } from "../../parts/forms/SchemaForm";
import { Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";
import { DryRunPanel } from "./DryRunPanel";

export function StartForm({ family }: { readonly family: Family }) {
  const params = useMemo(() => fieldsOf(family.params), [family.params]);
  const options = useMemo(() => optionFields(family), [family]);
  const all = useMemo(() => [...params, ...options], [params, options]);
  const [values, setValues] = useState<Values>(() =>
    initialOf(all, new URLSearchParams(location.search)),
  );
  const [key, setKey] = useState(newKey);

  const asked = read(params, values);
  const chosen = readOptions(options, values);
  const faults = { ...asked.faults, ...chosen.faults };
  const sound = Object.keys(faults).length === 0;
  const body = { params: asked.data, ...chosen.data };
  const dry = useDry<DryRun>(
    family.routes["process"] ?? "",
    sound ? body : null,
    (found) => found.toProcess,
  );
  const start = useChange<typeof body, { runId: string }>(
    (sent) => [family.routes["process"] ?? "", { method: "POST", body: sent, once: key }],
    ({ runId }) => navigate(to(["runs", runId])),
  );
  const forbidden = useForbidden("run");

  function change(name: string, value: string): void {
    setValues((before) => ({ ...before, [name]: value }));
    setKey(newKey()); // another body is another start
    const field = all.find((one) => one.name === name);
    if (field === undefined || field.kind === "secret") return;
    refine({ [name]: value === field.initial ? null : value }, { replace: true });
  }

  const named = dry.found?.toProcess ?? null;
  const told = { ...serverFaults(dry.error), ...serverFaults(start.error), ...faults };
  return (
    <form
      className="start"
      onSubmit={(event) => {
        event.preventDefault();
        if (forbidden === null && dry.ready && !start.isPending) start.mutate(body);
      }}
    >
      <div className="card stack">
        <h2>{S.start.params}</h2>
        {params.length === 0 && <p className="muted">{S.start.noParams}</p>}
        <SchemaForm fields={params} values={values} faults={told} onChange={change} />
        <details open={options.some((field) => values[field.name] !== field.initial)}>
          <summary>{S.start.options.title}</summary>
          <SchemaForm fields={options} values={values} faults={told} onChange={change} />
        </details>
      </div>
      <div className="card stack preview" aria-live="polite">
        <h2>{S.start.dryRun}</h2>
        <DryRunPanel dry={dry} family={family} sound={sound} />
        {start.error !== null && <StartProblem error={start.error} />}
        <Button type="submit" tone="main" busy={start.isPending} reason={forbidden ?? dry.reason}>
          {named === null
            ? S.start.run
            : S.start.runOf(count(named), family.entity, family.entities, named)}
        </Button>
      </div>
    </form>
  );
}

/** By field, as the form names them. */
function serverFaults(error: Error | null): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  return Object.fromEntries(
    error.faults.map(({ field, message }) => [
      field.startsWith("params.")
        ? field.slice("params.".length)
        : `run.${field.replace("budget.", "").replace("ramp.start", "ramp")}`,
      message,
    ]),
  );
}

function StartProblem({ error }: { readonly error: Error }) {
  const active = error instanceof ApiError ? error.document["activeRunId"] : undefined;
  return (
    <>
      <Problem error={error} />
      {typeof active === "string" && (
        <Link href={to(["runs", active])}>{S.start.active(active)}</Link>
      )}
    </>
  );
}
