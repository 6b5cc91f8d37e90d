"""What lets parked items begin reads those alone, by a plan made while there were none as well.

Workers plan a statement once, and that may be on the day of the first run (docs/decisions/0005).
"""

from __future__ import annotations

import json

from sqlalchemy import text

from app.store.items import parked_items
from tests.support.families import Recording
from tests.support.service import Opener

PREPARE = f"PREPARE release_parked (text, text[], text[]) AS {parked_items._RELEASE}"
EXPLAIN = """
    EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
    EXECUTE release_parked('run_1', '{p1,p2,p3}', '{1,1,1}')
"""
PARTITION = "CASE WHEN n <= 4900 THEN 'big' ELSE 'p' || n % 10 END"


async def test_a_plan_of_the_first_day_reads_no_more_than_what_is_let_go(opener: Opener) -> None:
    async with opener(Recording()) as sluice, sluice.service.pools.ledger.begin() as tx:
        await tx.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        await tx.exec_driver_sql(PREPARE)
        await tx.exec_driver_sql(EXPLAIN)
        await tx.exec_driver_sql(
            "INSERT INTO sluice.item (run_id, item_id, status, partition)"  # noqa: S608 - ours
            f" SELECT 'run_1', 'u' || lpad(n::text, 6, '0'), 'suspended', {PARTITION}"
            " FROM generate_series(1, 5000) AS n"
        )
        await tx.exec_driver_sql(
            "INSERT INTO sluice.parked_item SELECT run_id, partition, item_id FROM sluice.item"
        )
        found = (await tx.exec_driver_sql(EXPLAIN)).scalar_one()
        [explained] = json.loads(found) if isinstance(found, str) else found
        plan = explained["Plan"]
        assert plan["Actual Rows"] == 3
        # Of 5,000 rows, which are some hundred pages in each table and index.
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 100
        await tx.exec_driver_sql("DEALLOCATE release_parked")
        await tx.rollback()
