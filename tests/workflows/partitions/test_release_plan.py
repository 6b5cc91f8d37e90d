"""What lets parked items begin, and what adds a page, reads no more than it must, by a plan
that was made while there were none.

Workers plan a statement once, and that may be on the day of the first run (docs/decisions/0005).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from app.connections.arrays import joined
from app.store.items import parked_items, partitioned_pages
from tests.store.plans.first_day_plans import prepared
from tests.support.families import Recording
from tests.support.service import Opener

PARTITION = "CASE WHEN n <= 4900 THEN 'big' ELSE 'p' || n % 10 END"


async def test_a_plan_of_the_first_day_reads_no_more_than_what_is_let_go(opener: Opener) -> None:
    async with opener(Recording()) as sluice, sluice.service.pools.ledger.begin() as tx:
        async with prepared(tx, "text, text[], text[]", parked_items._RELEASE) as name:
            execute = f"{name}('run_1', '{{p1,p2,p3}}', '{{1,1,1}}')"
            explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {execute}"
            await tx.exec_driver_sql(explain)
            await tx.exec_driver_sql(
                "INSERT INTO sluice.item (run_id, item_id, status, partition)"  # noqa: S608 - ours
                f" SELECT 'run_1', 'u' || lpad(n::text, 6, '0'), 'suspended', {PARTITION}"
                " FROM generate_series(1, 5000) AS n"
            )
            await tx.exec_driver_sql(
                "INSERT INTO sluice.parked_item SELECT run_id, partition, item_id FROM sluice.item"
            )
            found = (await tx.exec_driver_sql(explain)).scalar_one()
            [explained] = json.loads(found) if isinstance(found, str) else found
            plan = explained["Plan"]
            assert plan["Actual Rows"] == 3
            # Of 5,000 rows, which are some hundred pages in each table and index.
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 100
        await tx.rollback()


PAGE_TYPES = "text, text, text, text, bool, bigint, text, text"
ITEMS = 400


async def test_a_page_compares_no_item_with_each_partition_by_a_plan_of_the_first_day(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, sluice.service.pools.ledger.begin() as tx:
        run_id = await sluice.start()
        values = (
            run_id, joined(f"u{n:06}" for n in range(ITEMS)), None, "next", False, 10_000,
            json.dumps([f"p{n}" for n in range(ITEMS)]), joined([1] * ITEMS),
        )  # fmt: skip
        given = ", ".join("NULL" if one is None else f"'{one}'" for one in values)
        async with prepared(tx, PAGE_TYPES, partitioned_pages._ADVANCE) as name:
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE {name}({given})"
            await tx.exec_driver_sql(explain)
            await tx.exec_driver_sql("DELETE FROM sluice.item")
            await tx.execute(
                text(
                    "INSERT INTO sluice.run_partition SELECT :run, 'p' || n, 0"
                    " FROM generate_series(0, :last) AS n"
                ),
                {"run": run_id, "last": ITEMS - 1},
            )
            await tx.execute(
                text("UPDATE sluice.run SET cursor = NULL, status = 'running', stage = 'full'")
            )
            found = (await tx.exec_driver_sql(explain)).scalar_one()
            [explained] = json.loads(found) if isinstance(found, str) else found
            rows = list(rows_of(explained["Plan"]))
            assert max(rows) >= ITEMS
            assert sum(rows) < 20 * ITEMS
        await tx.rollback()


def rows_of(plan: dict[str, Any]) -> Iterator[float]:
    """What each node of a plan read, whether it passed it on or not."""
    passed = plan["Actual Rows"] + plan.get("Rows Removed by Join Filter", 0)
    yield plan["Actual Loops"] * (passed + plan.get("Rows Removed by Filter", 0))
    for part in plan.get("Plans", ()):
        yield from rows_of(part)
