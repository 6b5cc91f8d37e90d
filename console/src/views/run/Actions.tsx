import { useState } from "react";
import { path } from "../../api/paths";
import { useForbidden } from "../../api/session";
import { ENDED } from "../../api/statuses";
import type { Run } from "../../api/types";
import { useChange } from "../../api/useChange";
import { count } from "../../format/numbers";
import { Button } from "../../parts/controls/Button";
import { Confirm } from "../../parts/forms/Confirm";
import { NotedAction } from "../../parts/forms/NotedAction";
import { RetryDialog } from "../../parts/runs/RetryDialog";
import { S } from "../../strings";
import { ResumeDialog } from "./ResumeDialog";

const A = S.actions;
type Asks = "cancel" | "retry" | "approve" | "resume" | null;

/** What may be done with a run depends on its status. */
export function Actions({ run }: { readonly run: Run }) {
  const [asks, setAsks] = useState<Asks>(null);
  const close = (): void => setAsks(null);
  const forbidden = useForbidden("run");
  const mayNotApprove = useForbidden("approve");
  const ended = ENDED.has(run.status);
  const failed = run.counters.failed + run.counters.timedOut;
  const approval = run.status === "paused" && run.reason === "approval";
  return (
    <div className="actions">
      {(run.status === "running" || run.status === "pending") && (
        <NotedAction
          action={A.pause}
          title={A.pauseTitle}
          reason={forbidden}
          request={(note) => [`${path.run(run.id)}/pause`, { method: "POST", body: { note } }]}
        >
          <p>{A.pauseMore}</p>
        </NotedAction>
      )}
      {approval && (
        <Button tone="main" reason={mayNotApprove} onClick={() => setAsks("approve")}>
          {A.approve}
        </Button>
      )}
      {run.status === "paused" && !approval && (
        <Button tone="main" reason={forbidden} onClick={() => setAsks("resume")}>
          {A.resume}
        </Button>
      )}
      {!ended && run.status !== "cancelling" && (
        <Button tone="danger" reason={forbidden} onClick={() => setAsks("cancel")}>
          {A.cancel}
        </Button>
      )}
      {run.status === "cancelling" && <span className="muted">{A.cancelling}</span>}
      {ended && failed > 0 && (
        <Button tone="main" reason={forbidden} onClick={() => setAsks("retry")}>
          {A.retryFailed(count(failed))}
        </Button>
      )}
      {asks === "cancel" && <CancelDialog run={run} onClose={close} />}
      {asks === "approve" && <ApproveDialog run={run} onClose={close} />}
      {asks === "resume" && <ResumeDialog run={run} onClose={close} />}
      {asks === "retry" && (
        <RetryDialog run={run} number={failed} body={{}} what={A.retryAll} onClose={close} />
      )}
    </div>
  );
}

interface Asked {
  readonly run: Run;
  readonly onClose: () => void;
}

function CancelDialog({ run, onClose }: Asked) {
  const cancel = useChange(
    (note: string | null) => [`${path.run(run.id)}/cancel`, { method: "POST", body: { note } }],
    onClose,
  );
  const { toProcess } = run.counters;
  const left = toProcess === null ? null : Math.max(0, toProcess - run.ended);
  return (
    <Confirm
      title={A.cancelTitle}
      action={left === null ? A.cancelNow : A.cancelOf(count(left), left)}
      tone="danger"
      busy={cancel.isPending}
      error={cancel.error}
      noted
      onConfirm={cancel.mutate}
      onClose={onClose}
    >
      <p>{left === null ? A.cancelUnknown : A.cancelMore(count(left), count(run.ended))}</p>
    </Confirm>
  );
}

function ApproveDialog({ run, onClose }: Asked) {
  const approve = useChange(
    (note: string | null) => [`${path.run(run.id)}/approve`, { method: "POST", body: { note } }],
    onClose,
  );
  const { toProcess } = run.counters;
  return (
    <Confirm
      title={A.approveTitle}
      action={toProcess === null ? A.approve : A.approveOf(count(toProcess), toProcess)}
      busy={approve.isPending}
      error={approve.error}
      noted
      onConfirm={approve.mutate}
      onClose={onClose}
    >
      <p>{run.detail ?? A.approveMore}</p>
    </Confirm>
  );
}
