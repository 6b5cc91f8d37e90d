import type { Step } from "../../api/types";
import { duration, secondsBetween } from "../../format/times";
import { timeline } from "../../layout/steps";
import { to } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { Badge } from "../../parts/values/Badge";
import { Json } from "../../parts/values/Json";
import { Pictures } from "../../parts/values/Picture";
import { Time, useNow } from "../../parts/values/Time";
import { S } from "../../strings";

const T = S.steps;

/** On one line of time, each with what it came to. */
export function Steps({
  steps,
  runId,
}: {
  readonly steps: readonly Step[];
  readonly runId: string;
}) {
  const now = useNow();
  const places = timeline(steps, now.getTime());
  return (
    <section className="card">
      <h2>{T.title}</h2>
      <ol className="steps">
        {steps.map((step) => {
          const place = places.get(step.name) ?? { from: 0, share: 0 };
          return (
            <li key={step.name}>
              <details>
                <summary>
                  <span className="step-name">{step.name}</span>
                  <span className="lane" aria-hidden="true">
                    <span
                      className={`span is-${step.status}`}
                      style={{
                        left: `${100 * place.from}%`,
                        width: `max(3px, ${100 * place.share}%)`,
                      }}
                    />
                  </span>
                  <span className="took">
                    {duration(secondsBetween(step.startedAt, step.finishedAt ?? now.toISOString()))}
                  </span>
                  <Badge status={step.status} />
                </summary>
                <Told step={step} runId={runId} />
              </details>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function Told({ step, runId }: { readonly step: Step; readonly runId: string }) {
  return (
    <div className="told stack">
      <p className="small muted">
        {T.kinds[step.kind]} · {T.attempts(step.attempts)} · <Time at={step.startedAt} />
        {step.answeredBy !== null && ` · ${T.answeredBy(step.answeredBy)}`}
        {step.dueAt !== null && step.finishedAt === null && (
          <>
            {" · "}
            {T.due} <Time at={step.dueAt} relative />
          </>
        )}
      </p>
      {step.batch !== null && (
        <p className="small muted">
          {step.batch.id === null ? T.noBatch : T.batch(step.batch.id, step.batch.state ?? "")}
          {step.batch.expiresAt !== null && (
            <>
              {" · "}
              {T.batchExpires} <Time at={step.batch.expiresAt} relative />
            </>
          )}
        </p>
      )}
      {step.childRunId !== null && <Link href={to(["runs", step.childRunId])}>{T.child}</Link>}
      {step.errorClass !== null && (
        <p className="message">
          <code>{step.errorClass}</code> {step.errorMessage}
        </p>
      )}
      {step.kind === "event" && step.finishedAt === null && <p>{awaited(step)}</p>}
      {step.payload !== null && step.payload !== undefined && (
        <>
          <h3>{T.payload}</h3>
          <Json value={step.payload} />
        </>
      )}
      {step.result !== null && step.result !== undefined && (
        <>
          <h3>{T.result}</h3>
          <Pictures value={step.result} alt={`${step.name} ${runId}`} />
          <Json value={step.result} />
        </>
      )}
    </div>
  );
}

function awaited({ payload }: Step): string {
  const { event, match, value } = payload as Record<"event" | "match" | "value", string>;
  return T.awaits(event, match, value);
}
