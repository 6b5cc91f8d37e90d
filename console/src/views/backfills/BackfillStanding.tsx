import { BACKFILL_ENDED } from "../../api/statuses";
import type { Backfill, BackfillItems } from "../../api/types";
import { eta } from "../../format/eta";
import { count } from "../../format/numbers";
import { duration, exact, secondsBetween } from "../../format/times";
import { to } from "../../page/links";
import {
  endedOf,
  PARTITION_STATUSES,
  PartitionBar,
  partitionsDone,
} from "../../parts/backfills/PartitionBar";
import { Link } from "../../parts/controls/Link";
import { Stat } from "../../parts/values/Stat";
import { useNow } from "../../parts/values/Time";
import { S } from "../../strings";

const B = S.backfills;

/** How far it is, in partitions and in items. */
export function BackfillStanding({
  backfill,
  items,
}: {
  readonly backfill: Backfill;
  readonly items: BackfillItems;
}) {
  const { partitions, status } = backfill;
  const over = backfill.finishedAt !== null;
  const ended = items.succeeded + items.skipped + items.failed + items.cancelled + items.timedOut;
  return (
    <section className="card stack">
      <div className="row between">
        <p className="far-said">{partitionsDone(partitions)}</p>
        <Left backfill={backfill} />
      </div>
      <PartitionBar counts={partitions} moving={status === "running" && partitions.active > 0} />
      <ul className="legend">
        {PARTITION_STATUSES.filter((one) => partitions[one] > 0).map((one) => (
          <li key={one}>
            <Link href={to(["backfills", backfill.id], { status: one })} className={`is-${one}`}>
              <span className="dot" aria-hidden="true" />
              {count(partitions[one])} {S.status[one]}
            </Link>
          </li>
        ))}
      </ul>
      <dl className="stats small">
        <Stat label={B.atOnce}>{count(backfill.maxActive)}</Stat>
        <Stat label={B.items}>{B.itemsOf(count(ended), count(items.scheduled), over)}</Stat>
        <Stat label={B.failedItems} tone={items.failed + items.timedOut > 0 ? "bad" : undefined}>
          {count(items.failed + items.timedOut)}
        </Stat>
        <Elapsed backfill={backfill} />
      </dl>
    </section>
  );
}

function Elapsed({ backfill }: { readonly backfill: Backfill }) {
  const now = useNow().toISOString();
  return (
    <Stat label={B.elapsed(backfill.finishedAt !== null)}>
      {duration(Math.round(secondsBetween(backfill.createdAt, backfill.finishedAt ?? now)))}
    </Stat>
  );
}

/** By how fast partitions have ended so far. */
function Left({ backfill: { partitions, status, createdAt } }: { readonly backfill: Backfill }) {
  const now = useNow();
  if (BACKFILL_ENDED.has(status)) return null;
  const left = eta({
    toProcess: partitions.total,
    exact: true,
    ended: endedOf(partitions),
    suspended: 0,
    activeSeconds: secondsBetween(createdAt, now.toISOString()),
    running: status === "running",
    itemsPerSecond: null,
  });
  if (left.kind === "unknown") return <p className="muted">{S.run.eta[left.why]}</p>;
  return (
    <p className="muted" title={exact(new Date(now.getTime() + left.seconds * 1000))}>
      {S.run.left(`${S.start.dry.about} ${duration(Math.ceil(left.seconds))}`)}
    </p>
  );
}
