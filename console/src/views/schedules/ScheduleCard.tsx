import type { Schedule } from "../../api/types";
import { to } from "../../page/links";
import { Link } from "../../parts/controls/Link";
import { Badge } from "../../parts/values/Badge";
import { Json } from "../../parts/values/Json";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";
import { ScheduleButtons } from "./ScheduleButtons";
import { StartedRuns } from "./StartedRuns";

const C = S.schedules;

/** In plain words: when it runs, what came of it last, and when it runs next. */
export function ScheduleCard({ schedule }: { readonly schedule: Schedule }) {
  const { last, lastRun } = schedule;
  return (
    <li className="card stack">
      <div className="row between">
        <h2>{schedule.name}</h2>
        <span className="row">
          {schedule.paused && <span className="tag warn">{C.paused}</span>}
          {schedule.orphaned && <span className="tag warn">{C.orphaned}</span>}
          {!schedule.declared && <span className="tag warn">{C.gone}</span>}
          {schedule.refused !== null && <span className="tag warn">{C.refused}</span>}
          <span className="tag">{C.origins[schedule.origin]}</span>
        </span>
      </div>
      <p>
        <span className="strong">{schedule.words ?? schedule.expression}</span>{" "}
        <span className="muted">
          <code className="whole">{schedule.expression}</code> {schedule.tz}
        </span>
      </p>
      <p>
        <Link href={to(["families", schedule.family])}>{schedule.family}</Link>
      </p>
      {schedule.refused !== null && <p className="small">{schedule.refused}</p>}
      <StartedRuns family={schedule.family} name={schedule.name} />
      <dl className="facts">
        <dt>{C.next}</dt>
        <dd>
          {schedule.nextFireTimes.length === 0 ? (
            <span className="muted">{C.never}</span>
          ) : (
            <ol className="plain">
              {schedule.nextFireTimes.slice(0, 3).map((at, n) => (
                <li key={at}>
                  <Time at={at} />
                  {n === 0 && (
                    <span className="muted">
                      {" "}
                      (<Time at={at} relative />)
                    </span>
                  )}
                </li>
              ))}
            </ol>
          )}
        </dd>
        <dt>{C.last}</dt>
        <dd>
          {last === null ? (
            <span className="muted">{C.notYet}</span>
          ) : (
            <>
              {C.results[last.result]} <Time at={last.fireTime} />
              {last.detail !== null && <span className="muted"> {last.detail}</span>}
            </>
          )}
          {lastRun !== null && (
            <>
              {" "}
              <Link href={to(["runs", lastRun.id])}>
                {lastRun.status === null ? lastRun.id : <Badge status={lastRun.status} />}
              </Link>
            </>
          )}
        </dd>
      </dl>
      {Object.keys(schedule.params).length > 0 && <Json value={schedule.params} open={1} />}
      <ScheduleButtons schedule={schedule} />
    </li>
  );
}
