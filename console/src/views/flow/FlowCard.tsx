import { useState } from "react";
import { useFlowHistory } from "../../api/queries/flowControl";
import { useForbidden } from "../../api/session";
import type { Flow } from "../../api/types";
import { count } from "../../format/numbers";
import { queryString } from "../../format/queryString";
import { Button } from "../../parts/controls/Button";
import { NotedAction } from "../../parts/forms/NotedAction";
import { Gauge } from "../../parts/graphics/Gauge";
import { Spark } from "../../parts/graphics/Spark";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";
import { FlowPartitions } from "./FlowPartitions";
import { PinForm } from "./PinForm";

const F = S.flow;

/** One flow key: what is in force, what of it is in use, and what an operator may do about it. */
export function FlowCard({ flow }: { readonly flow: Flow }) {
  const [edits, setEdits] = useState(false);
  const forbidden = useForbidden("run");
  const address = `/api/flow-control/${encodeURIComponent(flow.key)}`;
  const verb = flow.paused ? "resume" : "pause";
  // QStash goes on with what was published before a change, until that is through.
  const limits = flow.held ?? flow;
  const partitioned = flow.perPartition !== null || flow.ratePerPartition !== null;
  const layer = flow.key.slice(flow.key.lastIndexOf(".") + 1);
  return (
    <li
      className={`card stack flow-card${flow.paused ? " paused" : ""}${partitioned ? " wide" : ""}`}
      id={flow.key}
    >
      <div className="row between">
        <h3 title={flow.key}>{F.layers[layer] ?? layer}</h3>
        <span className="row">
          {flow.source === "pinned" && <span className="tag">{F.pinned}</span>}
          {flow.paused && <span className="tag warn">{F.paused}</span>}
          {flow.throttled.length > 0 && <span className="tag warn">{F.throttled}</span>}
        </span>
      </div>
      <Gauge label={F.atWork} value={flow.active} most={limits.parallelism} />
      <Gauge label={F.starts(limits.periodSeconds)} value={flow.started} most={limits.rate} />
      <p className="small">
        {flow.waiting === null
          ? F.unknownWaiting
          : F.waits(count(flow.waiting), count(flow.queued))}
      </p>
      {flow.throttled.map(({ key, reason, until }) => (
        <div key={key} className="stack">
          <p className="small strong" role="status">
            {F.throttledBy(key, reason)}
            {until !== null && (
              <>
                {" "}
                {F.throttledUntil} <Time at={until} />.
              </>
            )}
          </p>
          {until !== null && (
            <NotedAction
              action={F.lift}
              label={F.liftKey(flow.key)}
              title={F.liftTitle(flow.key)}
              reason={forbidden}
              request={(note) => [`${address}/lift`, { method: "POST", body: { note } }]}
            >
              <p>{F.liftMore}</p>
            </NotedAction>
          )}
        </div>
      ))}
      {!isTaken(flow) && (
        <p className="small strong" role="status">
          {F.notTaken}
        </p>
      )}
      <Lately flow={flow} />
      {partitioned && <FlowPartitions flow={flow} address={address} forbidden={forbidden} />}
      {edits ? (
        <PinForm address={address} limits={flow} onClose={() => setEdits(false)} />
      ) : (
        <div className="row low">
          <Button reason={forbidden} onClick={() => setEdits(true)} label={F.editKey(flow.key)}>
            {F.edit}
          </Button>
          <NotedAction
            key={verb}
            action={F[verb]}
            label={flow.paused ? F.resumeKey(flow.key) : F.pauseKey(flow.key)}
            title={F.verbTitles[verb](flow.key)}
            reason={forbidden}
            request={(note) => [`${address}/${verb}`, { method: "POST", body: { note } }]}
          >
            <p>{F.verbMore[verb]}</p>
          </NotedAction>
          {flow.source === "pinned" && (
            <NotedAction
              action={F.reset}
              label={F.resetKey(flow.key)}
              title={F.resetTitle(flow.key)}
              reason={forbidden}
              request={(note) => [`${address}${queryString({ note })}`, { method: "DELETE" }]}
            >
              <p>{F.resetMore}</p>
            </NotedAction>
          )}
        </div>
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
