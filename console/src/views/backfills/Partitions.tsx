import { usePartitions } from "../../api/queries/backfills";
import type { Backfill, Partition } from "../../api/types";
import { count } from "../../format/numbers";
import { to } from "../../page/links";
import { PARTITION_STATUSES } from "../../parts/backfills/PartitionBar";
import { Link } from "../../parts/controls/Link";
import { Empty, Shown } from "../../parts/loading/dataStates";
import { More } from "../../parts/loading/More";
import { S } from "../../strings";

const B = S.backfills;

/** Every partition in its order, each a way to its run. */
export function Partitions({
  id,
  counts,
  active,
  query,
}: {
  readonly id: string;
  readonly counts: Backfill["partitions"];
  readonly active: boolean;
  readonly query: URLSearchParams;
}) {
  const partitions = usePartitions(id, active);
  const status = PARTITION_STATUSES.find((one) => one === query.get("status")) ?? null;
  const here = (chosen: string | null): string => to(["backfills", id], { status: chosen });
  return (
    <section>
      <h2>{B.partitions}</h2>
      <nav className="chips" aria-label={B.filter}>
        <Link href={here(null)} aria-current={status === null ? "page" : undefined}>
          {S.items.all}
        </Link>
        {PARTITION_STATUSES.map((one) => (
          <Link key={one} href={here(one)} aria-current={status === one ? "page" : undefined}>
            {S.status[one]} <span className="muted">{count(counts[one])}</span>
          </Link>
        ))}
      </nav>
      <Shown of={partitions}>
        {({ pages }) => {
          const loaded = pages.flatMap((page) => page.partitions);
          const shown = loaded.filter((one) => status === null || one.status === status);
          return (
            <>
              {shown.length === 0 && <Empty>{B.noPartition}</Empty>}
              <ol className="cells">
                {shown.map((one) => (
                  <Cell key={one.key} partition={one} />
                ))}
              </ol>
              <More of={partitions} text={B.more(count(loaded.length), count(counts.total))} />
            </>
          );
        }}
      </Shown>
    </section>
  );
}

function Cell({ partition: { key, status, runId } }: { readonly partition: Partition }) {
  const inside = (
    <>
      <span>{key}</span>
      <span className="small">{S.status[status]}</span>
    </>
  );
  return (
    <li className={`cell is-${status}`}>
      {runId === null ? <span>{inside}</span> : <Link href={to(["runs", runId])}>{inside}</Link>}
    </li>
  );
}
