"""Plans that were made while a table had a row or three, and statistics said so, are kept for a
while after it has thousands: what is looked up by key is read by key then, too
(docs/decisions/0005)."""

from __future__ import annotations

from typing import Any

import pytest

from app.store.items import result_memory
from app.store.items.claims import AT_ONCE
from tests.store.plans.asked import batches, items, messages, runs, steps
from tests.store.plans.asked.wanted import Wanted
from tests.store.plans.filled_tables import MANY, analyze, empty, fill
from tests.store.plans.first_day_plans import planned
from tests.store.plans.rows_read import first_columns, pairs_dropped, rows_by_key
from tests.store.plans.sent_statements import sent_by
from tests.support.families import Recording
from tests.support.service import Opener

FEW = 4
"""Rows that a statement reads, of those thousands, for each that is asked for."""
ONE, SOME = Wanted([300]), Wanted(range(100, 500))
SUBJECTS = {
    "items": items, "steps": steps, "runs": runs, "batches": batches, "messages": messages
}  # fmt: skip
BY_KEY = {
    f"{of}: {name}": call for of, its in SUBJECTS.items() for name, call in its.BY_KEY.items()
}
OF_ONE = {
    f"{of}: {name}": call for of, its in SUBJECTS.items() for name, call in its.OF_ONE.items()
}


@pytest.mark.parametrize("rows", [1, 3])
async def test_what_is_looked_up_by_key_is_read_by_key_with_plans_of_a_nearly_empty_table(
    opener: Opener, rows: int
) -> None:
    async with (
        opener(Recording()) as sluice,
        sluice.service.pools.ledger.connect() as tx,
        tx.begin() as work,
    ):
        await fill(tx, 1, 1)
        await fill(tx, *SOME.bounds)
        of_one = await sent_by(tx, BY_KEY | OF_ONE, ONE)
        of_some = await sent_by(tx, BY_KEY, SOME)
        await empty(tx)
        await fill(tx, 1, rows)
        await analyze(tx)
        first = await first_columns(tx)
        async with planned(tx, of_one) as one, planned(tx, of_some) as some:
            await fill(tx, rows + 1, MANY)
            read = {name: await rows_by_key(tx, call, first) for name, call in one.items()}
            more = {name: await rows_by_key(tx, call, first) for name, call in some.items()}
        await work.rollback()
    assert {name: number for name, number in read.items() if number > FEW} == {}
    most = FEW * len(SOME.numbers)
    assert {name: number for name, number in more.items() if number > most} == {}


async def test_messages_are_not_compared_each_with_each(opener: Opener) -> None:
    async with (
        opener(Recording()) as sluice,
        sluice.service.pools.ledger.connect() as tx,
        tx.begin() as work,
    ):
        await fill(tx, *SOME.bounds)
        sent = await sent_by(tx, messages.BY_KEY, SOME)
        await empty(tx)
        await analyze(tx)
        async with planned(tx, sent) as calls:
            await fill(tx, 1, MANY)
            dropped = {name: await pairs_dropped(tx, call) for name, call in calls.items()}
        await work.rollback()
    assert {name: number for name, number in dropped.items() if number > 0} == {}


async def test_what_is_forgotten_is_compared_with_few_at_a_time(opener: Opener) -> None:
    async with (
        opener(Recording()) as sluice,
        sluice.service.pools.ledger.connect() as tx,
        tx.begin() as work,
    ):
        await fill(tx, *SOME.bounds)
        sent = await sent_by(tx, {"forget": items.BY_KEY["forget"]}, SOME)
        assert await result_memory.forget(tx, items.MEMORY, SOME.pending) == len(SOME.numbers)
        await work.rollback()
    together: list[Any] = [statement.values[1] for statement in sent.values()]  # ids
    assert [one for ids in together for one in ids] == sorted(SOME.pending)
    assert max(map(len, together)) <= AT_ONCE
