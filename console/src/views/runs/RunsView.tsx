import { useRuns } from "../../api/queries/runs";
import { useTitle } from "../../page/title";
import { Shown } from "../../parts/loading/dataStates";
import { More } from "../../parts/loading/More";
import { NoRuns } from "../../parts/runs/NoRuns";
import { RunRows } from "../../parts/runs/RunRows";
import { S } from "../../strings";
import { RunFilters } from "./RunFilters";

const R = S.runs;

export function RunsView({ query }: { readonly query: URLSearchParams }) {
  useTitle(R.title);
  const runs = useRuns({
    family: query.get("family"),
    status: query.get("status"),
    startedBy: query.get("startedBy"),
    retryOf: query.get("retryOf"),
    parent: query.get("parent"),
    follows: query.get("follows"),
    backfill: query.get("backfill"),
    since: query.get("since"),
    from: query.get("from"),
    to: query.get("to"),
  });
  return (
    <>
      <h1>{R.title}</h1>
      <RunFilters query={query} />
      <Shown of={runs}>
        {({ pages }) => {
          const shown = pages.flatMap((page) => page.runs);
          if (shown.length === 0) {
            return <NoRuns option="--dry-run">{query.size > 0 ? R.none : R.noneYet}</NoRuns>;
          }
          return (
            <section className={runs.isPlaceholderData ? "stale" : ""}>
              <p className="muted small">{R.shown(shown.length, !runs.hasNextPage)}</p>
              <RunRows runs={shown} />
              <More of={runs} />
            </section>
          );
        }}
      </Shown>
    </>
  );
}
