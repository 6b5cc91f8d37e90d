import { useState } from "react";
import { path } from "../../api/paths";
import type { Run } from "../../api/types";
import { useChange } from "../../api/useChange";
import { count } from "../../format/numbers";
import { Confirm } from "../../parts/forms/Confirm";
import { type Field, fieldsOf, initialOf, read } from "../../parts/forms/schemaFields";
import { SchemaForm } from "../../parts/forms/SchemaForm";
import { S } from "../../strings";

const A = S.actions;

/** With other limits, where a limit is why it paused. */
export function ResumeDialog({
  run,
  onClose,
}: {
  readonly run: Run;
  readonly onClose: () => void;
}) {
  const [fields] = useState(() => limits(run));
  const [values, setValues] = useState(() => initialOf(fields, null));
  const { data, faults } = read(fields, values);
  const resume = useChange(
    (note: string | null) => [
      `${path.run(run.id)}/resume`,
      { method: "POST", body: { ...bodyOf(data), note } },
    ],
    onClose,
  );
  const { toProcess } = run.counters;
  const left = toProcess === null ? null : Math.max(0, toProcess - run.ended);
  return (
    <Confirm
      title={A.resumeTitle}
      action={left === null ? A.resume : A.resumeOf(count(left), left)}
      busy={resume.isPending}
      error={resume.error}
      noted
      onConfirm={(note) => {
        if (Object.keys(faults).length === 0) resume.mutate(note);
      }}
      onClose={onClose}
    >
      <p>{run.detail ?? A.resumeMore}</p>
      <SchemaForm
        fields={fields}
        values={values}
        faults={faults}
        onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
      />
    </Confirm>
  );
}

function limits(run: Run): Field[] {
  const { budget, maxFailureRate } = run.options;
  const of: Readonly<Record<string, object>> = {
    budget: {
      usd: { title: A.usd, type: "number", default: budget?.usd ?? undefined },
      tokens: { title: A.tokens, type: "integer", default: budget?.tokens ?? undefined },
    },
    failure_rate: {
      maxFailureRate: {
        title: A.failureRate,
        description: A.failureRateMore,
        type: "number",
        minimum: 0,
        maximum: 1,
        default: maxFailureRate ?? undefined,
      },
    },
    deadline: {
      deadlineSeconds: {
        title: A.deadline,
        type: "number",
        minimum: 1,
        default: run.options.deadlineSeconds ?? undefined,
      },
    },
  };
  return fieldsOf({ properties: of[run.reason ?? ""] ?? {} });
}

function bodyOf({ usd, tokens, ...rest }: Readonly<Record<string, unknown>>): object {
  const budget = {
    ...(usd === undefined ? {} : { usd }),
    ...(tokens === undefined ? {} : { tokens }),
  };
  return Object.keys(budget).length > 0 ? { ...rest, budget } : rest;
}
