import { BACKFILL_ENDED, useBackfills } from "../../api/backfills";
import { S } from "../../strings";
import { BackfillRow } from "../backfills/BackfillRow";

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
