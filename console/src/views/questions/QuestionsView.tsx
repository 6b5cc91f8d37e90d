import { useFamilies } from "../../api/queries/families";
import { useQuestions } from "../../api/queries/questions";
import type { OpenQuestion } from "../../api/types";
import { to, toItem } from "../../page/links";
import { useTitle } from "../../page/title";
import { Link } from "../../parts/controls/Link";
import { FilterChoice } from "../../parts/forms/FilterChoice";
import { Filters } from "../../parts/forms/Filters";
import { Empty, Shown } from "../../parts/loading/dataStates";
import { More } from "../../parts/loading/More";
import { Json } from "../../parts/values/Json";
import { WaitingTime } from "../../parts/values/WaitingTime";
import { S } from "../../strings";

const Q = S.questions;

/** What items of any run wait for people for. */
export default function QuestionsView({ query }: { readonly query: URLSearchParams }) {
  useTitle(Q.title);
  const questions = useQuestions(query.get("family"));
  const families = useFamilies().data ?? [];
  return (
    <>
      <div className="head">
        <h1>{Q.title}</h1>
      </div>
      <p className="muted lead">{Q.about}</p>
      <Filters query={query}>
        <FilterChoice
          name="family"
          query={query}
          label={S.runs.family}
          all={S.runs.anyFamily}
          choices={families.map(({ name }) => [name, name])}
        />
      </Filters>
      <Shown of={questions}>
        {({ pages }) => {
          const shown = pages.flatMap((page) => page.questions);
          if (shown.length === 0) return <Empty command={Q.command}>{Q.none}</Empty>;
          return (
            <section className={questions.isPlaceholderData ? "stale" : ""}>
              <ul className="plain stack">
                {shown.map((one) => (
                  <Question key={`${one.runId} ${one.itemId} ${one.step}`} of={one} />
                ))}
              </ul>
              <More of={questions} />
            </section>
          );
        }}
      </Shown>
    </>
  );
}

function Question({ of }: { readonly of: OpenQuestion }) {
  return (
    <li className="card stack">
      <div className="row between">
        <span>
          {of.family} › <Link href={to(["runs", of.runId])}>{of.runId}</Link> ›{" "}
          <code>{of.itemId}</code> › {of.step}
        </span>
        <Link href={toItem(of.runId, of.itemId)} className="button main">
          {Q.answer(of.itemId)}
        </Link>
      </div>
      <p className="muted small">
        <WaitingTime since={of.since} until={of.expiresAt} />
      </p>
      {of.payloadOmitted ? (
        <p className="muted small">{Q.large}</p>
      ) : (
        of.payload !== null && of.payload !== undefined && <Json value={of.payload} open={0} />
      )}
    </li>
  );
}
