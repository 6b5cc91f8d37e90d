import { ApiError } from "../../api/client";
import { useQuiet } from "../../api/dryRun";
import { useFireTimes } from "../../api/queries/schedules";
import { Problem } from "../../parts/loading/dataStates";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const C = S.schedules;

/** When it would fire, in plain words and as moments; of a misspelt expression, where it is wrong. */
export function FireTimes({
  expression,
  tz,
}: {
  readonly expression: string;
  readonly tz: string;
}) {
  const asked = useQuiet(expression);
  const zone = useQuiet(tz);
  const found = useFireTimes(asked.trim(), zone.trim());
  const stale = asked !== expression || zone !== tz || found.isPlaceholderData;
  return (
    <div className={`fires${stale ? " stale" : ""}`} aria-live="polite">
      {asked.trim() === "" ? (
        <p className="muted small">{C.typing}</p>
      ) : found.error !== null ? (
        <Wrong error={found.error} expression={asked} />
      ) : (
        found.data !== undefined && (
          <>
            <p>
              {C.fires}: <span className="strong">{found.data.words ?? found.data.expression}</span>
            </p>
            {found.data.nextFireTimes.length === 0 ? (
              <p className="muted">{C.none5}</p>
            ) : (
              <ol className="times small">
                {found.data.nextFireTimes.map((at) => (
                  <li key={at}>
                    <Time at={at} />
                  </li>
                ))}
              </ol>
            )}
          </>
        )
      )}
    </div>
  );
}

function Wrong({ error, expression }: { readonly error: Error; readonly expression: string }) {
  const position = error instanceof ApiError ? error.document["position"] : undefined;
  return (
    <>
      {typeof position === "number" && <Mark text={expression} position={position} />}
      <Problem error={error} />
    </>
  );
}

/** The expression with the wrong place marked, from the character that the service names. */
export function Mark({ text, position }: { readonly text: string; readonly position: number }) {
  const at = position - 1;
  const wrong = /^[^\s,]+/.exec(text.slice(at))?.[0] ?? "";
  return (
    <p className="marked">
      <code>
        {text.slice(0, at)}
        <mark title={C.wrongAt(position)}>{wrong === "" ? "␣" : wrong}</mark>
        {text.slice(at + wrong.length)}
      </code>
    </p>
  );
}
