import { useSuspended } from "../../api/queries/items";
import type { Question, Run } from "../../api/types";
import { toItem } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { Shown } from "../../parts/loading/dataStates";
import { WaitingTime } from "../../parts/values/WaitingTime";
import { S } from "../../strings";

const U = S.suspended;

/** What its items wait for people for. */
export function Suspended({ run }: { readonly run: Run }) {
  const asks = run.counters.suspended > 0 || run.stage === "finishing";
  return asks ? <Questions run={run} /> : null;
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
                  <Link href={toItem(whose(run, question), question.itemId)}>
                    <code>{question.itemId}</code>
                  </Link>
                  <span>{[question.step].flat().join(" › ")}</span>
                  <span className="muted small">
                    <WaitingTime since={question.since} until={question.expiresAt} />
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

/** The run that the item is of: this one, or its finish; a child's question is shown at its parent's item. */
function whose(run: Run, question: Question): string {
  return Array.isArray(question.step) ? run.id : question.runId;
}
