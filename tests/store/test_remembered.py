"""What is remembered is written and found by key, however many rows there are."""

from __future__ import annotations

import asyncio
import json

from app.connections.driver import fetch_raw
from app.store.items import result_memory
from app.store.items.result_memory import RememberedPlace, ResultMemory
from tests.store.plans.first_day_plans import prepared
from tests.support.families import Recording
from tests.support.service import Opener, Sluice

ROWS = 100_000


async def filled(sluice: Sluice) -> ResultMemory:
    """A memory of many rows, of which Postgres has no statistics yet."""
    ledger = sluice.service.pools.ledger
    async with ledger.begin() as tx:
        of = (await result_memory.register(tx, {"recording": 1}))["recording"]
    memory = ResultMemory(of.id, 1, None, ledger)
    await memory.look_up(["u1"], "")  # planned while there is nothing
    await sluice.sql(
        "INSERT INTO sluice.remembered (memory_id, item_id, params_key, version, run_id)"
        " SELECT :memory, 'u' || n, '', 1, 'run_1' FROM generate_series(1, :rows) AS n",
        memory=of.id,
        rows=ROWS,
    )
    return memory


async def test_pages_are_looked_up_and_written_by_index_also_with_plans_of_an_empty_table(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        memory = await filled(sluice)
        ids = [f"u{n}" for n in range(ROWS - 500, ROWS + 500)]
        found = await memory.look_up(ids, "")
        assert (len(found.present), len(found.stale)) == (501, 0)
        async with memory.database.begin() as tx:
            types = "int, text[], text, int, interval"
            async with prepared(tx, types, result_memory._LOOK_UP) as name:
                call = f"{name}({memory.id}, '{{{','.join(ids)}}}', '', 1, NULL)"
                [[[plan]]] = await fetch_raw(
                    tx, f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {call}"
                )
        assert "Seq Scan" not in json.dumps(plan)
        # A few pages of the index and of the table for each id, whatever the table holds.
        assert plan["Plan"]["Shared Hit Blocks"] < 8 * len(ids)
        columns = [memory.id] * 3, ids[:3], [""] * 3, [1] * 3, ["run_2"] * 3
        async with memory.database.begin() as tx:
            rows = await fetch_raw(tx, f"EXPLAIN {result_memory._REMEMBER}", *columns)
        written = "\n".join(row[0] for row in rows)
        assert "Conflict Arbiter Indexes: remembered_pkey" in written
        assert "Seq Scan" not in written


async def test_transactions_that_remember_the_same_items_in_any_order_pass_one_another(
    opener: Opener,
) -> None:
    """Else Postgres would find a deadlock, and end one of them."""
    async with opener(Recording()) as sluice:
        ledger = sluice.service.pools.ledger
        async with ledger.begin() as tx:
            of = (await result_memory.register(tx, {"recording": 1}))["recording"]
        place = RememberedPlace(of.id, "", 1)
        ids = [f"u{n:04}" for n in range(2_000)]

        async def write(run_id: str, order: list[str]) -> None:
            for _ in range(10):
                async with ledger.begin() as tx:
                    every = {(run_id, item_id): place for item_id in order}
                    await result_memory.remember(tx, every)

        await asyncio.gather(write("run_1", ids), write("run_2", ids[::-1]))
        [(rows,)] = await sluice.sql("SELECT count(*) FROM sluice.remembered")
        assert rows == len(ids)


async def test_an_item_that_two_runs_end_in_one_transaction_is_remembered_once(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        async with sluice.service.pools.ledger.begin() as tx:
            of = (await result_memory.register(tx, {"recording": 1}))["recording"]
            place = RememberedPlace(of.id, "", 1)
            await result_memory.remember(tx, {("run_1", "u1"): place, ("run_2", "u1"): place})
        assert [
            tuple(row) for row in await sluice.sql("SELECT item_id FROM sluice.remembered")
        ] == [("u1",)]
