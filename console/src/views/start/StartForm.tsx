import { useMemo, useState } from "react";
import { ApiError, faultsOf, newKey } from "../../api/client";
import { useDry } from "../../api/dryRun";
import { useForbidden } from "../../api/session";
import type { DryRun, Family } from "../../api/types";
import { useChange } from "../../api/useChange";
import { count } from "../../format/numbers";
import { to } from "../../page/links";
import { navigate, refine } from "../../page/router";
import { Button } from "../../parts/controls/Button";
import { Link } from "../../parts/controls/Link";
import { type Field, initialOf, type Values } from "../../parts/forms/schemaFields";
import { SchemaForm } from "../../parts/forms/SchemaForm";
import { Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";
import { DryRunPanel } from "./DryRunPanel";
import { SamplePanel } from "./SamplePanel";
import { allOf, bodyOf, fieldOf, formOf, OWN } from "./startFields";

const LONGEST = 500;
/** Characters of a value that the address keeps. */

export function StartForm({ family }: { readonly family: Family }) {
  const query = new URLSearchParams(location.search);
  const [own, setOwn] = useState(family.invokes !== null && query.get(OWN) === "true");
  const form = useMemo(() => formOf(family, own), [family, own]);
  const [values, setValues] = useState<Values>(() => initialOf(bothOf(family), query));
  const [key, setKey] = useState(newKey);

  const { body, faults } = bodyOf(form, values, own);
  const sound = Object.keys(faults).length === 0;
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
    const field = allOf(form).find((one) => one.name === name);
    if (field === undefined || field.kind === "secret") return;
    const kept = value === field.initial || value.length > LONGEST ? null : value;
    refine({ [name]: kept }, { replace: true });
  }

  function choose(chosen: boolean): void {
    setOwn(chosen);
    setKey(newKey());
    refine({ [OWN]: chosen ? "true" : null }, { replace: true });
  }

  const named = dry.found?.toProcess ?? null;
  const told = { ...faultsOf(dry.error, fieldOf), ...faultsOf(start.error, fieldOf), ...faults };
  return (
    <>
      <form
        className="start"
        onSubmit={(event) => {
          event.preventDefault();
          if (forbidden === null && dry.ready && !start.isPending) start.mutate(body);
        }}
      >
        <div className="card stack">
          <h2>{S.start.params}</h2>
          {family.invokes !== null && <Whose family={family} own={own} onChange={choose} />}
          <SchemaForm fields={form.entity} values={values} faults={told} onChange={change} />
          {form.params.length === 0 && !own && <p className="muted">{S.start.noParams}</p>}
          <SchemaForm fields={form.params} values={values} faults={told} onChange={change} />
          <details open={form.options.some((field) => values[field.name] !== field.initial)}>
            <summary>{S.start.options.title}</summary>
            <SchemaForm fields={form.options} values={values} faults={told} onChange={change} />
          </details>
        </div>
        <div className="card stack preview" aria-live="polite">
          <h2>{S.start.dryRun}</h2>
          <DryRunPanel dry={dry} family={family} sound={sound} own={own} />
          {start.error !== null && <StartProblem error={start.error} />}
          <Button type="submit" tone="main" busy={start.isPending} reason={forbidden ?? dry.reason}>
            {named === null
              ? S.start.run
              : S.start.runOf(count(named), family.entity, family.entities, named)}
          </Button>
        </div>
      </form>
      {!own && <SamplePanel family={family} body={body} reason={dry.reason} />}
    </>
  );
}

/** The fields of both, so that what was typed is there again when one goes back. */
function bothOf(family: Family): Field[] {
  return allOf({ ...formOf(family, false), entity: formOf(family, true).entity });
}

/** Over what is there, or for one that has no row. */
function Whose({
  family,
  own,
  onChange,
}: {
  readonly family: Family;
  readonly own: boolean;
  readonly onChange: (own: boolean) => void;
}) {
  return (
    <fieldset className="whose">
      <legend className="visually-hidden">{S.start.whose}</legend>
      {[false, true].map((one) => (
        <label key={String(one)}>
          <input type="radio" name={OWN} checked={own === one} onChange={() => onChange(one)} />
          {one ? S.start.own(family.entity) : S.start.there(family.entities)}
        </label>
      ))}
    </fieldset>
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
