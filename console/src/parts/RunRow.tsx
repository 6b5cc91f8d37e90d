import type { Run } from "../api/types";
import { outstanding } from "../format/outstanding";
import { brief } from "../format/params";
import { duration } from "../format/times";
import { rate } from "../format/numbers";
import { to } from "../shell/router";
import { S } from "../strings";
import { Badge } from "./Badge";
import { Bar, progress } from "./Bar";
import { Link } from "./Link";
import { Time } from "./Time";

/** A run in a list. */
export function RunRow({
  run,
  pace,
  schema,
}: {
  readonly run: Run;
  readonly pace: number | null;
  /** Of its params. */
  readonly schema: Readonly<Record<string, unknown>> | undefined;
}) {
  const params = brief(run.params, schema);
  return (
    <li className="run-row">
      <div className="what">
        <Link href={to(["runs", run.id])} className="strong">
          {run.family}
        </Link>
        {params !== "" && <span className="small">{params}</span>}
        <code className="muted">{run.id}</code>
      </div>
      <Badge status={run.status} />
      <div className="far">
        <Bar
          counters={run.counters}
          ended={run.ended}
          moving={run.status === "running" && outstanding(run) > 0}
          thin
        />
        <span className="small">
          {progress(run.counters, run.ended)}
          {pace !== null && run.status === "running" && ` · ${S.run.perSecond(rate(pace))}`}
          {run.counters.failed + run.counters.timedOut > 0 &&
            ` · ${S.run.failedShort(run.counters.failed + run.counters.timedOut)}`}
          {run.counters.suspended > 0 && ` · ${S.run.suspendedShort(run.counters.suspended)}`}
        </span>
      </div>
      <div className="when small muted">
        <Time at={run.createdAt} relative />
        <span>{run.startedBy}</span>
        <span>{duration(run.actual.seconds)}</span>
      </div>
    </li>
  );
}
