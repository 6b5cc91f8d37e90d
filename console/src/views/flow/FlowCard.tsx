import { useState } from "react";
import { useFlowHistory } from "../../api/queries/flowControl";
import { useForbidden } from "../../api/session";
import type { Flow } from "../../api/types";
import { useChange } from "../../api/useChange";
import { count } from "../../format/numbers";
import { Button } from "../../parts/controls/Button";
import { Gauge } from "../../parts/graphics/Gauge";
import { Spark } from "../../parts/graphics/Spark";
import { Problem } from "../../parts/loading/dataStates";
import { S } from "../../strings";
import { PinForm } from "./PinForm";

const F = S.flow;

/** One flow key: what is in force, what of it is in use, and what an operator may do about it. */
export function FlowCard({ flow }: { readonly flow: Flow }) {
  const [edits, setEdits] = useState(false);
  const forbidden = useForbidden("run");
  const address = `/api/flow-control/${encodeURIComponent(flow.key)}`;
  const pause = useChange(() => [
    `${address}/${flow.paused ? "resume" : "pause"}`,
    { method: "POST" },
  ]);
  const reset = useChange(() => [address, { method: "DELETE" }]);
  // QStash goes on with what was published before a change, until that is through.
  const limits = flow.held ?? flow;
  const layer = flow.key.slice(flow.key.lastIndexOf(".") + 1);
  return (
    <li className={`card stack flow-card${flow.paused ? " paused" : ""}`} id={flow.key}>
      <div className="row between">
        <h3 title={flow.key}>{F.layers[layer] ?? layer}</h3>
        <span className="row">
          {flow.source === "pinned" && <span className="tag">{F.pinned}</span>}
          {flow.paused && <span className="tag warn">{F.paused}</span>}
        </span>
      </div>
      <Gauge label={F.atWork} value={flow.active} most={limits.parallelism} />
      <Gauge label={F.starts(limits.periodSeconds)} value={flow.started} most={limits.rate} />
      <p className="small">
        {flow.waiting === null
          ? F.unknownWaiting
          : F.waits(count(flow.waiting), count(flow.queued))}
      </p>
      {!isTaken(flow) && (
        <p className="small strong" role="status">
          {F.notTaken}
        </p>
      )}
      <Lately flow={flow} />
      {edits ? (
        <PinForm flow={flow} onClose={() => setEdits(false)} />
      ) : (
        <div className="row low">
          <Button reason={forbidden} onClick={() => setEdits(true)} label={F.editKey(flow.key)}>
            {F.edit}
          </Button>
          <Button
            reason={forbidden}
            busy={pause.isPending}
            onClick={() => pause.mutate(undefined)}
            label={flow.paused ? F.resumeKey(flow.key) : F.pauseKey(flow.key)}
          >
            {flow.paused ? F.resume : F.pause}
          </Button>
          {flow.source === "pinned" && (
            <Button
              reason={forbidden}
              busy={reset.isPending}
              onClick={() => reset.mutate(undefined)}
              label={F.resetKey(flow.key)}
            >
              {F.reset}
            </Button>
          )}
        </div>
      )}
      {(pause.error ?? reset.error) !== null && (
        <Problem error={(pause.error ?? reset.error) as Error} />
      )}
    </li>
  );
}

/** Whether QStash, where it holds the limits, holds them as operators want them. */
function isTaken({ held, paused, source }: Flow): boolean {
  return held === null || (held.paused === paused && held.pinned === (source === "pinned"));
}

/** The last five minutes, where the service keeps them. */
function Lately({ flow }: { readonly flow: Flow }) {
  const points = useFlowHistory(flow.key).data ?? [];
  if (points.length < 2) return null;
  return (
    <figure className="lately">
      <Spark label={F.lately} values={points.map((point) => point.inUse)} most={flow.parallelism} />
      <figcaption className="small muted" aria-hidden="true">
        {F.latelyShort}
      </figcaption>
    </figure>
  );
}
