import type { Backfill, PartitionStatus } from "../../api/types";
import { shares } from "../../format/eta";
import { count, percent } from "../../format/numbers";
import { S } from "../../strings";

type Counts = Backfill["partitions"];

export const PARTITION_STATUSES = [
  "succeeded",
  "partial",
  "failed",
  "cancelled",
  "active",
  "waiting",
] as const satisfies readonly PartitionStatus[];

export function endedOf(counts: Counts): number {
  return counts.succeeded + counts.partial + counts.failed + counts.cancelled;
}

/** N of M partitions (x%). */
export function partitionsDone(counts: Counts): string {
  const ended = endedOf(counts);
  return S.backfills.done(
    count(ended),
    count(counts.total),
    percent(ended, counts.total),
    counts.total,
  );
}

/** Stacked by what became of the partitions, and what is at work just now behind it. */
export function PartitionBar({
  counts,
  moving,
  thin = false,
}: {
  readonly counts: Counts;
  readonly moving: boolean;
  readonly thin?: boolean;
}) {
  const parts = PARTITION_STATUSES.filter((one) => one !== "waiting").map(
    (status) => [status, counts[status]] as const,
  );
  return (
    <div
      className={`bar${thin ? " thin" : ""}${moving ? " moving" : ""}`}
      role="progressbar"
      aria-label={S.run.progress}
      aria-valuetext={partitionsDone(counts)}
      aria-valuemin={0}
      aria-valuemax={counts.total}
      aria-valuenow={endedOf(counts)}
    >
      {shares(parts, counts.total).map(({ status, share }) => (
        <div key={status} className={`part is-${status}`} style={{ width: `${100 * share}%` }} />
      ))}
    </div>
  );
}
