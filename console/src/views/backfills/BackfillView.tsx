import { useBackfill } from "../../api/queries/backfills";
import { useFamily } from "../../api/queries/families";
import { useRuns } from "../../api/queries/runs";
import { BACKFILL_ENDED } from "../../api/statuses";
import { ENDED } from "../../api/statuses";
import type { Backfill, BackfillItems } from "../../api/types";
import { spanned } from "../../format/backfillSpan";
import { brief } from "../../format/params";
import { to } from "../../page/links";
import { useTitle } from "../../page/title";
import { Copy } from "../../parts/controls/Copy";
import { Link } from "../../parts/controls/Link";
import { Shown } from "../../parts/loading/dataStates";
import { RunRows } from "../../parts/runs/RunRows";
import { Badge } from "../../parts/values/Badge";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";
import { BackfillActions } from "./BackfillActions";
import { BackfillStanding } from "./BackfillStanding";
import { Partitions } from "./Partitions";

const B = S.backfills;

export default function BackfillView({
  id,
  query,
}: {
  readonly id: string;
  readonly query: URLSearchParams;
}) {
  const found = useBackfill(id);
  useTitle(found.data === undefined ? id : B.titleOf(found.data.backfill.family));
  return (
    <>
      {found.data === undefined && (
        <h1 className="id">
          <code>{id}</code>
        </h1>
      )}
      <Shown of={found}>
        {({ backfill, items }) => <Whole backfill={backfill} items={items} query={query} />}
      </Shown>
    </>
  );
}

function Whole({
  backfill,
  items,
  query,
}: {
  readonly backfill: Backfill;
  readonly items: BackfillItems;
  readonly query: URLSearchParams;
}) {
  const active = !BACKFILL_ENDED.has(backfill.status);
  return (
    <>
      <Header backfill={backfill} />
      <BackfillStanding backfill={backfill} items={items} />
      {active && <AtWork id={backfill.id} />}
      <Partitions id={backfill.id} counts={backfill.partitions} active={active} query={query} />
    </>
  );
}

function Header({ backfill }: { readonly backfill: Backfill }) {
  const params = brief(backfill.params, useFamily(backfill.family)?.params);
  const told = [
    B.modes[backfill.mode],
    backfill.reverse && B.latestFirst,
    backfill.force && B.force,
  ];
  return (
    <div className="head">
      <div>
        <p className="crumbs">
          <Link href={to(["backfills"])}>{B.title}</Link> /{" "}
          <Link href={to(["backfills"], { family: backfill.family })}>{backfill.family}</Link>
        </p>
        <h1>
          {backfill.family} <Badge status={backfill.status} />
        </h1>
        <p className="params">
          {spanned(backfill.from, backfill.to)}
          {params !== "" && ` · ${params}`}
        </p>
        <p className="small muted">
          <code>{backfill.id}</code> <Copy text={backfill.id} /> · {told.filter(Boolean).join(", ")}{" "}
          · {S.run.startedBy(backfill.startedBy)} <Time at={backfill.createdAt} /> ·{" "}
          <Link href={to(["runs"], { backfill: backfill.id })}>{B.itsRuns}</Link>
        </p>
      </div>
      <BackfillActions backfill={backfill} />
      {backfill.status === "paused" && (
        <p className="banner warn" role="status">
          {B.isPaused(backfill.partitions.active)}
        </p>
      )}
    </div>
  );
}

/** The runs of the partitions that have begun and not ended: those that one watches. */
function AtWork({ id }: { readonly id: string }) {
  const runs = useRuns({ family: null, status: null, startedBy: null, backfill: id });
  const going = (runs.data?.pages[0]?.runs ?? []).filter((run) => !ENDED.has(run.status));
  if (going.length === 0) return null;
  return (
    <section>
      <h2>{B.now}</h2>
      <RunRows runs={going} />
    </section>
  );
}
