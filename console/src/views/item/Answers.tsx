import { useMemo, useState } from "react";
import { faultsOf } from "../../api/client";
import { path } from "../../api/paths";
import { useSuspended } from "../../api/queries/items";
import { useForbidden } from "../../api/session";
import type { Item, Question, Step } from "../../api/types";
import { useChange } from "../../api/useChange";
import { Button } from "../../parts/controls/Button";
import { type Field, fieldsOf, initialOf, read, type Schema } from "../../parts/forms/schemaFields";
import { SchemaForm } from "../../parts/forms/SchemaForm";
import { Problem } from "../../parts/loading/dataStates";
import { Json } from "../../parts/values/Json";
import { Pictures } from "../../parts/values/Picture";
import { WaitingTime } from "../../parts/values/WaitingTime";
import { S } from "../../strings";
import { MakeLink } from "./MakeLink";

const U = S.suspended;

type Asked = Pick<
  Question,
  "itemId" | "step" | "payload" | "payloadSchema" | "schema" | "since" | "expiresAt"
>;

/** What the item waits for people for: its own steps, and those of its children. */
export function Answers({
  runId,
  item,
  steps,
}: {
  readonly runId: string;
  readonly item: Item;
  readonly steps: readonly Step[];
}) {
  const waits = item.status === "suspended";
  const listed = useSuspended(runId, waits).data?.suspended ?? [];
  if (!waits) return null;
  const own = steps
    .filter((step) => step.status === "suspended")
    .map((step) => questionOf(step, item));
  const children = listed.filter((one) => one.itemId === item.itemId && one.runId !== runId);
  return [...own, ...children].map((question) => (
    <Answer key={String(question.step)} runId={runId} question={question} />
  ));
}

function questionOf(step: Step, item: Item): Asked {
  const { name, payload, payloadSchema, schema, startedAt, dueAt } = step;
  return {
    itemId: item.itemId,
    step: name,
    payload,
    payloadSchema,
    schema,
    since: startedAt,
    expiresAt: dueAt,
  };
}

/** What is needed first: a schema that was stored has lost the order of its fields. */
function inOrder(fields: readonly Field[]): Field[] {
  return fields.toSorted((one, other) => Number(other.required) - Number(one.required));
}

/** Without a schema any JSON is an answer. */
const ANY: Schema = { properties: { data: { title: U.data } }, required: ["data"] };

function Answer({ runId, question }: { readonly runId: string; readonly question: Asked }) {
  const { schema } = question;
  const fields = useMemo(() => inOrder(fieldsOf(schema ?? ANY)), [schema]);
  const [values, setValues] = useState(() => initialOf(fields, null));
  const [tried, setTried] = useState(false);
  const forbidden = useForbidden("approve");
  const { data, faults } = read(fields, values);
  const resume = useChange(() => [
    path.item(runId, question.itemId, "/resume"),
    { method: "POST", body: { step: question.step, data: schema === null ? data["data"] : data } },
  ]);
  return (
    <section className="card stack asks">
      <div className="row between">
        <h2>{U.asks([question.step].flat().join(" › "))}</h2>
        <MakeLink runId={runId} itemId={question.itemId} step={question.step} />
      </div>
      <p className="small muted">
        <WaitingTime since={question.since} until={question.expiresAt} />
      </p>
      <Shown payload={question.payload} schema={question.payloadSchema} />
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (Object.keys(faults).length === 0 && forbidden === null) resume.mutate(undefined);
        }}
      >
        <SchemaForm
          fields={fields}
          values={values}
          faults={{ ...faultsOf(resume.error, inForm), ...(tried ? faults : {}) }}
          onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
        />
        {resume.error !== null && <Problem error={resume.error} />}
        <div className="row">
          <Button type="submit" tone="main" busy={resume.isPending} reason={forbidden}>
            {U.answer}
          </Button>
        </div>
      </form>
    </section>
  );
}

/** Texts as texts, because a person is to read them; fields under the titles of their model. */
function Shown({
  payload,
  schema,
}: {
  readonly payload: unknown;
  readonly schema: Schema | null;
}) {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload))
    return <Json value={payload} />;
  const declared = new Map(fieldsOf(schema ?? {}).map((field) => [field.name, field]));
  return (
    <dl className="payload">
      {Object.entries(payload).map(([name, value]) => (
        <div key={name}>
          <dt>
            {declared.get(name)?.label ?? name}{" "}
            <span className="small muted">{declared.get(name)?.description}</span>
          </dt>
          <dd>{typeof value === "string" ? value : <Json value={value} />}</dd>
        </div>
      ))}
      <Pictures value={payload} alt={U.title} />
    </dl>
  );
}

function inForm(field: string): string {
  return field.replace(/^data\./, "");
}
