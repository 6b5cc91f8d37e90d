import { useOverview } from "../../api/queries/overview";
import { useRuns } from "../../api/queries/runs";
import { ENDED } from "../../api/statuses";
import type { Overview } from "../../api/types";
import { count, rate } from "../../format/numbers";
import { moment } from "../../format/times";
import { to } from "../../page/links";
import { useTitle } from "../../page/title";
import { Link } from "../../parts/controls/Link";
import { Shown, Unavailable } from "../../parts/loading/dataStates";
import { NoRuns } from "../../parts/runs/NoRuns";
import { RunRows } from "../../parts/runs/RunRows";
import { Stat } from "../../parts/values/Stat";
import { S } from "../../strings";
import { ActiveBackfills } from "./ActiveBackfills";
import { NearLimits } from "./NearLimits";
import { Workers } from "./Workers";

const O = S.overview;

export function OverviewView() {
  useTitle(O.title);
  const overview = useOverview();
  return (
    <>
      <h1>{O.title}</h1>
      <Shown of={overview}>
        {(found) =>
          found === null ? <Unavailable>{O.unavailable}</Unavailable> : <Whole of={found} />
        }
      </Shown>
      <Latest />
    </>
  );
}

function Whole({ of }: { readonly of: Overview }) {
  return (
    <>
      <Banners of={of} />
      <dl className="stats">
        <Stat label={O.pace}>{rate(of.itemsPerSecond)}</Stat>
        <Stat label={O.active}>{count(of.activeRuns.length)}</Stat>
        <Stat label={O.failures} tone={of.failuresLastHour > 0 ? "bad" : undefined}>
          {count(of.failuresLastHour)}
        </Stat>
        <Stat label={O.approval} tone={of.waitingApproval > 0 ? "warn" : undefined}>
          {of.waitingApproval > 0 ? (
            <Link href={to(["runs"], { status: "paused" })}>{count(of.waitingApproval)}</Link>
          ) : (
            0
          )}
        </Stat>
        <Stat label={O.suspended}>
          <Link href={to(["questions"])}>{count(of.suspended)}</Link>
        </Stat>
        <Stat label={O.workers} tone={lacksWorkers(of) ? "bad" : undefined}>
          {count(of.workers.length)}
        </Stat>
      </dl>
      <section>
        <h2>{O.activeRuns}</h2>
        {of.activeRuns.length === 0 ? (
          <NoRuns option="--watch">{O.quiet}</NoRuns>
        ) : (
          <RunRows runs={of.activeRuns} />
        )}
      </section>
      <ActiveBackfills />
      <div className="two">
        <Workers of={of.workers} called={of.engine === "qstash"} />
        <NearLimits of={of.flow} />
      </div>
    </>
  );
}

/** Where QStash calls, a process begins when there is something to do. */
function lacksWorkers(of: Overview): boolean {
  return of.engine === "postgres" && of.workers.length === 0;
}

function Banners({ of }: { readonly of: Overview }) {
  return (
    <>
      {of.redis !== "ok" && (
        <p className="banner bad" role="alert">
          {O.redisAway}
        </p>
      )}
      {of.qstashAway !== null && (
        <p className="banner bad" role="alert">
          {of.qstashAway}
        </p>
      )}
      {of.delayedBatches.map((one) => (
        <p className="banner bad" role="alert" key={one.provider}>
          {O.delayed(one.provider, count(one.lines), moment(new Date(one.since), new Date()), one.error)}
        </p>
      ))}
      {lacksWorkers(of) && (
        <p className="banner bad" role="alert">
          {O.noWorker} <code>sluice worker</code>
        </p>
      )}
    </>
  );
}

function Latest() {
  const runs = useRuns({ family: null, status: null, startedBy: null });
  return (
    <section>
      <h2>{O.latest}</h2>
      <Shown of={runs}>
        {({ pages: [first] }) => {
          const ended = (first?.runs ?? []).filter((run) => ENDED.has(run.status)).slice(0, 8);
          return ended.length === 0 ? (
            <NoRuns option="--dry-run">{O.noneEnded}</NoRuns>
          ) : (
            <RunRows runs={ended} />
          );
        }}
      </Shown>
    </section>
  );
}
