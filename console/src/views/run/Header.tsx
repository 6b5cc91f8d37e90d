import type { ReactNode } from "react";
import { useFamily } from "../../api/queries/families";
import type { Run } from "../../api/types";
import { brief } from "../../format/params";
import { to, toItem } from "../../page/links";
import { Copy } from "../../parts/controls/Copy";
import { Link } from "../../parts/controls/Link";
import { Badge } from "../../parts/values/Badge";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

export function Header({
  run,
  inHand,
  actions,
}: {
  readonly run: Run;
  /** Items at work; null: unknown. */
  readonly inHand: number | null;
  readonly actions: ReactNode;
}) {
  return (
    <div className="head">
      <div>
        <p className="crumbs">
          <Link href={to(["runs"])}>{S.runs.title}</Link> /{" "}
          <Link href={to(["runs"], { family: run.family })}>{run.family}</Link>
        </p>
        <h1>
          {run.family} <Badge status={isPausing(run, inHand) ? "pausing" : run.status} />
        </h1>
        <ParamsLine run={run} />
        <p className="small muted">
          <code>{run.id}</code> <Copy text={run.id} /> · {S.run.startedBy(run.startedBy)}{" "}
          <Time at={run.createdAt} />
          <Kin run={run} />
        </p>
      </div>
      {actions}
      <Throttled run={run} />
      <Word run={run} inHand={inHand} />
    </div>
  );
}

/** It is paused when nothing of it is at work any more. */
function isPausing(run: Run, inHand: number | null): boolean {
  return run.status === "paused" && inHand !== null && inHand > 0;
}

function ParamsLine({ run }: { readonly run: Run }) {
  const text = brief(run.params, useFamily(run.family)?.params);
  return text === "" ? null : <p className="params">{text}</p>;
}

function Kin({ run }: { readonly run: Run }) {
  return (
    <>
      {run.retryOf !== null && (
        <>
          {" · "}
          <Link href={to(["runs", run.retryOf])}>{S.run.retryOf}</Link>
        </>
      )}
      {run.finishOf !== null && (
        <>
          {" · "}
          <Link href={to(["runs", run.finishOf])}>{S.run.finishOf}</Link>
        </>
      )}
      {run.parent !== null && (
        <>
          {" · "}
          <Link href={toItem(run.parent.runId, run.parent.itemId)}>
            {S.run.childOf(run.parent.step)}
          </Link>
        </>
      )}
      {run.backfillId !== null && (
        <>
          {" · "}
          <Link href={to(["backfills", run.backfillId])}>{S.run.partOf}</Link>
        </>
      )}
    </>
  );
}

/** Why nothing new of it starts, though nobody has paused it. */
function Throttled({ run }: { readonly run: Run }) {
  if (run.throttled === null) return null;
  return (
    <div className="banner warn" role="status">
      <p className="strong">{S.run.throttled(run.throttled.reason)}</p>
      <p>
        {S.run.throttledSince} <Time at={run.throttled.since} />.{" "}
        {run.throttled.until === null ? (
          S.run.throttledMore
        ) : (
          <>
            {S.run.throttledUntil} <Time at={run.throttled.until} />.
          </>
        )}
      </p>
    </div>
  );
}

/** What one should know of its status beside the word: why, and what is still on its way. */
function Word({ run, inHand }: { readonly run: Run; readonly inHand: number | null }) {
  const paused = run.status === "paused";
  const pausing = isPausing(run, inHand);
  const told = run.detail ?? run.reason;
  if (!pausing && told === null && run.stage === "full") return null;
  return (
    <div className={`banner ${paused ? "warn" : ""}`} role="status">
      {pausing && <p className="strong">{S.run.pausing(inHand ?? 0)}</p>}
      {run.stage !== "full" && <p>{S.run.stages[run.stage]}</p>}
      {told !== null && <p>{told}</p>}
    </div>
  );
}
