import { useState } from "react";
import { newKey } from "../../api/client";
import { useForbidden } from "../../api/session";
import type { Schedule } from "../../api/types";
import { useChange } from "../../api/useChange";
import { queryString } from "../../format/queryString";
import { to } from "../../page/links";
import { navigate } from "../../page/router";
import { Button } from "../../parts/controls/Button";
import { Confirm } from "../../parts/forms/Confirm";
import { NotedAction } from "../../parts/forms/NotedAction";
import { S } from "../../strings";
import { ScheduleDialog } from "./ScheduleDialog";

const C = S.schedules;

/** What an operator may do with it; what its family declares is changed there. */
export function ScheduleButtons({ schedule }: { readonly schedule: Schedule }) {
  const [asks, setAsks] = useState<"run" | "edit" | "remove" | null>(null);
  const [key, setKey] = useState(newKey);
  const forbidden = useForbidden("run");
  const address = `/api/schedules/${encodeURIComponent(schedule.id)}`;
  const close = (): void => setAsks(null);
  const verb = schedule.paused ? "resume" : "pause";
  const run = useChange<undefined, { runId: string }>(
    () => [`${address}/run`, { method: "POST", once: key }],
    ({ runId }) => navigate(to(["runs", runId])),
  );
  const remove = useChange(
    (note: string | null) => [`${address}${queryString({ note })}`, { method: "DELETE" }],
    close,
  );
  return (
    <div className="row">
      <Button
        reason={schedule.orphaned ? C.orphaned : forbidden}
        onClick={() => {
          setKey(newKey());
          setAsks("run");
        }}
      >
        {C.run}
      </Button>
      <NotedAction
        key={verb}
        action={C[verb]}
        title={C.verbTitles[verb]}
        reason={forbidden}
        request={(note) => [`${address}/${verb}`, { method: "POST", body: { note } }]}
      >
        <p>{C.verbMore[verb](schedule.name)}</p>
      </NotedAction>
      <Button
        reason={schedule.origin === "code" ? C.inCode : forbidden}
        onClick={() => setAsks("edit")}
      >
        {C.edit}
      </Button>
      {(schedule.origin === "api" || schedule.orphaned || !schedule.declared) && (
        <Button tone="danger" reason={forbidden} onClick={() => setAsks("remove")}>
          {C.remove}
        </Button>
      )}
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
      {asks === "edit" && <ScheduleDialog schedule={schedule} onClose={close} />}
      {asks === "remove" && (
        <Confirm
          title={C.removeTitle}
          action={C.remove}
          tone="danger"
          busy={remove.isPending}
          error={remove.error}
          noted
          onConfirm={remove.mutate}
          onClose={close}
        >
          <p>{C.removeMore(schedule.name)}</p>
        </Confirm>
      )}
    </div>
  );
}
