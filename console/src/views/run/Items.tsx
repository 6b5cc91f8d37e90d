import { itemsFile, useItems } from "../../api/queries/items";
import type { Item, ItemStatus, Run } from "../../api/types";
import { writeJson } from "../../format/json";
import { count } from "../../format/numbers";
import { duration, secondsBetween } from "../../format/times";
import { to, toItem } from "../../page/links";
import { Button } from "../../parts/controls/Button";
import { Link } from "../../parts/controls/Link";
import { Empty, Shown } from "../../parts/loading/dataStates";
import { Badge } from "../../parts/values/Badge";
import { Time } from "../../parts/values/Time";
import { S } from "../../strings";

const I = S.items;
const STATUSES = [
  "pending",
  "suspended",
  "succeeded",
  "skipped",
  "failed",
  "timed_out",
  "cancelled",
] as const satisfies readonly ItemStatus[];

/** Page by page, each page an address: a run may have a million of them. */
export function Items({ run, query }: { readonly run: Run; readonly query: URLSearchParams }) {
  const asked = query.get("status");
  const status = STATUSES.find((one) => one === asked) ?? null;
  const cursor = query.get("cursor");
  const items = useItems(run.id, status, cursor);
  const here = (change: { status?: string | null; cursor?: string | null }): string =>
    to(["runs", run.id, "items"], { status, ...change });
  return (
    <section>
      <nav className="chips" aria-label={I.filter}>
        <Link href={here({ status: null })} aria-current={status === null ? "page" : undefined}>
          {I.all}
        </Link>
        {STATUSES.map((one) => (
          <Link
            key={one}
            href={here({ status: one })}
            aria-current={status === one ? "page" : undefined}
          >
            {S.status[one]} <span className="muted">{numberOf(run, one)}</span>
          </Link>
        ))}
      </nav>
      <p className="row small">
        {(["csv", "ndjson"] as const).map((kind) => (
          <a key={kind} className="button plain" href={itemsFile(run.id, status, kind)} download>
            {I.file[kind]}
          </a>
        ))}
      </p>
      <Shown of={items}>
        {({ items: found, nextCursor }) =>
          found.length === 0 ? (
            <Empty>{I.none}</Empty>
          ) : (
            <div className={items.isPlaceholderData ? "stale" : ""}>
              <Table run={run} items={found} />
              <div className="row">
                {cursor !== null && (
                  <Link href={here({})} className="button plain">
                    {I.first}
                  </Link>
                )}
                {cursor !== null && <Button onClick={() => history.back()}>{I.previous}</Button>}
                {nextCursor !== null && (
                  <Link href={here({ cursor: nextCursor })} className="button plain">
                    {I.next}
                  </Link>
                )}
              </div>
            </div>
          )
        }
      </Shown>
    </section>
  );
}

function numberOf({ counters }: Run, status: ItemStatus): string {
  const ended =
    counters.succeeded +
    counters.skipped +
    counters.failed +
    counters.cancelled +
    counters.timedOut;
  const numbers: Record<ItemStatus, number> = {
    pending: Math.max(0, counters.scheduled - ended - counters.suspended),
    suspended: counters.suspended,
    succeeded: counters.succeeded,
    skipped: counters.skipped,
    failed: counters.failed,
    timed_out: counters.timedOut,
    cancelled: counters.cancelled,
  };
  return count(numbers[status]);
}

function Table({ run, items }: { readonly run: Run; readonly items: readonly Item[] }) {
  return (
    <table className="items">
      <thead>
        <tr>
          <th scope="col">{I.item}</th>
          <th scope="col">{I.status}</th>
          <th scope="col" className="number wide">
            {I.attempts}
          </th>
          <th scope="col" className="number wide">
            {I.work}
          </th>
          <th scope="col" className="wide">
            {I.ended}
          </th>
          <th scope="col" className="wide">
            {I.what}
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.itemId}>
            <td>
              <Link href={toItem(run.id, item.itemId)}>
                <code>{item.itemId}</code>
              </Link>
            </td>
            <td>
              <Badge status={item.status} />
            </td>
            <td className="number wide">{item.attempts}</td>
            <td className="number wide">{workOf(item)}</td>
            <td className="wide">
              {item.finishedAt === null ? "–" : <Time at={item.finishedAt} />}
            </td>
            <td className="wide clip">{item.errorMessage ?? brief(item)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function workOf(item: Item): string {
  if (item.startedAt === null || item.finishedAt === null) return "–";
  return duration(secondsBetween(item.startedAt, item.finishedAt));
}

function brief({ result, resultOmitted }: Item): string {
  if (resultOmitted) return S.item.large;
  return result === null || result === undefined ? "" : writeJson(result).slice(0, 120);
}
