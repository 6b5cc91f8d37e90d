import { useBackfills } from "../../api/queries/backfills";
import { BACKFILL_ENDED } from "../../api/statuses";
import { BackfillRow } from "../../parts/backfills/BackfillRow";
import { S } from "../../strings";

/** Backfills that go on; where there is none, nothing. */
export function ActiveBackfills() {
  const found = useBackfills(null).data?.pages[0]?.backfills ?? [];
  const active = found.filter((one) => !BACKFILL_ENDED.has(one.status));
  if (active.length === 0) return null;
  return (
    <section>
      <h2>{S.overview.backfills}</h2>
      <ul className="rows">
        {active.map((backfill) => (
          <BackfillRow key={backfill.id} backfill={backfill} />
        ))}
      </ul>
    </section>
  );
}
