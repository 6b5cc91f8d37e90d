import { outstanding } from "../../api/outstanding";
import type { Run } from "../../api/types";
import { count, rate } from "../../format/numbers";
import { brief } from "../../format/params";
import { duration } from "../../format/times";
import { to } from "../../page/links";
import { S } from "../../strings";
import { Link } from "../controls/Link";
import { Bar, progress } from "../graphics/Bar";
import { Badge } from "../values/Badge";
import { Time } from "../values/Time";

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
            ` · ${S.run.failedShort(count(run.counters.failed + run.counters.timedOut))}`}
          {run.counters.suspended > 0 && ` · ${S.run.suspendedShort(count(run.counters.suspended))}`}
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
