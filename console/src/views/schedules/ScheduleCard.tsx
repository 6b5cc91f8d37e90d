import { useState } from "react";
import { useChange } from "../../api/changing";
import { newKey } from "../../api/client";
import { useForbidden } from "../../api/session";
import type { Schedule } from "../../api/types";
import { Badge } from "../../parts/Badge";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { Json } from "../../parts/Json";
import { Link } from "../../parts/Link";
import { Problem } from "../../parts/states";
import { Time } from "../../parts/Time";
import { navigate, to } from "../../shell/router";
import { S } from "../../strings";
import { Fired } from "./Fired";

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
          {!schedule.declared && <span className="tag warn">{C.gone}</span>}
          <span className="tag">{C.origins[schedule.origin]}</span>
        </span>
      </div>
      <p>
        <span className="strong">{schedule.words ?? schedule.expression}</span>{" "}
        <span className="muted">
          <code>{schedule.expression}</code> {schedule.tz}
        </span>
      </p>
      <p>
        <Link href={to(["families", schedule.family])}>{schedule.family}</Link>
      </p>
      <Fired family={schedule.family} name={schedule.name} />
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
      <Buttons schedule={schedule} />
    </li>
  );
}

function Buttons({ schedule }: { readonly schedule: Schedule }) {
  const [asks, setAsks] = useState<"run" | "remove" | null>(null);
  const [key, setKey] = useState(newKey);
  const forbidden = useForbidden("run");
  const address = `/api/schedules/${encodeURIComponent(schedule.id)}`;
  const close = (): void => setAsks(null);
  const pause = useChange(() => [
    `${address}/${schedule.paused ? "resume" : "pause"}`,
    { method: "POST" },
  ]);
  const run = useChange<undefined, { runId: string }>(
    () => [`${address}/run`, { method: "POST", once: key }],
    ({ runId }) => navigate(to(["runs", runId])),
  );
  const remove = useChange(() => [address, { method: "DELETE" }], close);
  return (
    <div className="row">
      <Button
        reason={forbidden}
        onClick={() => {
          setKey(newKey());
          setAsks("run");
        }}
      >
        {C.run}
      </Button>
      <Button reason={forbidden} busy={pause.isPending} onClick={() => pause.mutate(undefined)}>
        {schedule.paused ? C.resume : C.pause}
      </Button>
      {schedule.origin === "api" && (
        <Button tone="danger" reason={forbidden} onClick={() => setAsks("remove")}>
          {C.remove}
        </Button>
      )}
      {pause.error !== null && <Problem error={pause.error} />}
      {asks === "run" && (
        <Confirm
          title={C.runTitle}
          action={C.run}
          busy={run.isPending}
          error={run.error}
          onConfirm={() => run.mutate(undefined)}
          onClose={close}
        >
          <p>{C.runMore(schedule.family)}</p>
        </Confirm>
      )}
      {asks === "remove" && (
        <Confirm
          title={C.removeTitle}
          action={C.remove}
          tone="danger"
          busy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined)}
          onClose={close}
        >
          <p>{C.removeMore(schedule.name)}</p>
        </Confirm>
      )}
    </div>
  );
}
