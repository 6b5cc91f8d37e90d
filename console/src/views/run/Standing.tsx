import { outstanding } from "../../api/outstanding";
import { ENDED } from "../../api/statuses";
import type { Run } from "../../api/types";
import { eta } from "../../format/eta";
import { expectedTime } from "../../format/estimates";
import { count, rate } from "../../format/numbers";
import { duration, exact } from "../../format/times";
import { to } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { Bar, parts, progress } from "../../parts/graphics/Bar";
import { Stat } from "../../parts/values/Stat";
import { useNow } from "../../parts/values/Time";
import { S } from "../../strings";

const R = S.run;

/** How far it is, and when it will be through. */
export function Standing({ run, pace }: { readonly run: Run; readonly pace: number | null }) {
  const { counters } = run;
  return (
    <section className="card stack">
      <div className="row between">
        <p className="far-said">{progress(counters, run.ended)}</p>
        <Left run={run} pace={pace} />
      </div>
      <Bar
        counters={counters}
        ended={run.ended}
        moving={run.status === "running" && outstanding(run) > 0}
      />
      <ul className="legend">
        {parts(counters).map(([status, number]) =>
          number === 0 ? null : (
            <li key={status}>
              <Link href={to(["runs", run.id, "items"], { status })} className={`is-${status}`}>
                <span className="dot" aria-hidden="true" />
                {count(number)} {(S.status as Readonly<Record<string, string>>)[status]}
              </Link>
            </li>
          ),
        )}
      </ul>
      <dl className="stats small">
        <Elapsed run={run} />
        <Stat label={R.pace}>{R.perSecond(rate(paceOf(run, pace)))}</Stat>
        <Stat label={R.estimate}>{expectedTime(run.estimate) ?? R.unknown}</Stat>
        <Stat label={R.eligible}>
          {counters.totalEligible === null ? R.unknown : count(counters.totalEligible)}
        </Stat>
        <Stat label={R.already}>
          {counters.alreadyProcessed === null ? R.unknown : count(counters.alreadyProcessed)}
        </Stat>
        {counters.stale ? <Stat label={R.stale}>{count(counters.stale)}</Stat> : null}
      </dl>
    </section>
  );
}

function paceOf(run: Run, pace: number | null): number {
  if (pace !== null && run.status === "running") return pace;
  return run.actual.seconds > 0 ? run.ended / run.actual.seconds : 0;
}

function Elapsed({ run }: { readonly run: Run }) {
  return <Stat label={R.elapsed}>{duration(Math.round(run.actual.seconds * 10) / 10)}</Stat>;
}

function Left({ run, pace }: { readonly run: Run; readonly pace: number | null }) {
  const now = useNow();
  if (ENDED.has(run.status)) return null;
  const left = eta({
    toProcess: run.counters.toProcess,
    exact: run.counters.exact,
    ended: run.ended,
    suspended: run.counters.suspended,
    activeSeconds: run.actual.seconds,
    running: run.status === "running",
    itemsPerSecond: pace,
  });
  if (left.kind === "unknown") return <p className="muted">{R.eta[left.why]}</p>;
  return (
    <p className="muted" title={exact(new Date(now.getTime() + left.seconds * 1000))}>
      {R.left(duration(Math.ceil(left.seconds)), run.counters.suspended > 0)}
    </p>
  );
}
