import { useSuspended } from "../../api/queries/items";
import type { Run } from "../../api/types";
import { toItem } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { Shown } from "../../parts/loading/dataStates";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const U = S.suspended;

/** What its items wait for people for. */
export function Suspended({ run }: { readonly run: Run }) {
  return run.counters.suspended > 0 ? <Questions run={run} /> : null;
}

function Questions({ run }: { readonly run: Run }) {
  const suspended = useSuspended(run.id, true);
  return (
    <Shown of={suspended}>
      {({ suspended: questions, nextCursor }) =>
        questions.length === 0 ? null : (
          <section>
            <h2>{U.title}</h2>
            <ul className="plain stack">
              {questions.map((question) => (
                <li
                  key={`${question.itemId} ${String(question.step)}`}
                  className="card row between"
                >
                  <Link href={toItem(run.id, question.itemId)}>
                    <code>{question.itemId}</code>
                  </Link>
                  <span>{[question.step].flat().join(" › ")}</span>
                  <span className="muted small">
                    {U.since} <Time at={question.since} relative />
                    {question.expiresAt !== null && (
                      <>
                        {" · "}
                        {U.until} <Time at={question.expiresAt} relative />
                      </>
                    )}
                  </span>
                </li>
              ))}
            </ul>
            {nextCursor !== null && <p className="muted small">{U.more}</p>}
          </section>
        )
      }
    </Shown>
  );
}
