"""What is due, or has not ended, is found among thousands of rows that are not, and of these few
are read (docs/decisions/0005)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.store.plans.asked.due import BY_INDEX, BY_STATISTICS, NUMBER, Due, make_due
from tests.store.plans.asked.wanted import Wanted
from tests.store.plans.filled_tables import MANY, analyze, empty, fill
from tests.store.plans.first_day_plans import planned
from tests.store.plans.rows_read import first_columns, rows_by_key, rows_read
from tests.store.plans.sent_statements import Statement, sent_by
from tests.support.families import Recording
from tests.support.service import Opener

FEW = 4
"""Rows beside those that are taken."""


async def statements_of(tx: AsyncConnection, due: Mapping[str, Due]) -> dict[str, Statement]:
    await fill(tx, 1, 1)
    await fill(tx, 4_000, 4_150)
    await make_due(tx)
    found = await sent_by(tx, {name: one.call for name, one in due.items()}, Wanted([0]))
    await empty(tx)
    return found


def too_many(due: Mapping[str, Due], read: Mapping[str, float]) -> dict[str, float]:
    """By statement, what is more than the few that it takes."""
    most = {name: one.times * NUMBER + FEW for name, one in due.items()}
    return {name: number for name, number in read.items() if number > most[name.split(",")[0]]}


@pytest.mark.parametrize("rows", [1, 3])
async def test_what_is_due_is_read_by_index_with_plans_of_a_nearly_empty_table(
    opener: Opener, rows: int
) -> None:
    async with (
        opener(Recording()) as sluice,
        sluice.service.pools.ledger.connect() as tx,
        tx.begin() as work,
    ):
        statements = await statements_of(tx, BY_INDEX)
        await fill(tx, 1, rows)
        await analyze(tx)
        first = await first_columns(tx)
        async with planned(tx, statements) as calls:
            await fill(tx, rows + 1, MANY)
            await make_due(tx)
            read = {name: await rows_by_key(tx, call, first) for name, call in calls.items()}
        await work.rollback()
    assert too_many(BY_INDEX, read) == {}


async def test_what_is_due_is_read_alone_once_the_statistics_are_those_of_a_full_table(
    opener: Opener,
) -> None:
    async with (
        opener(Recording()) as sluice,
        sluice.service.pools.own.connect() as tx,
        tx.begin() as work,
    ):
        statements = await statements_of(tx, BY_STATISTICS)
        await fill(tx, 1, MANY)
        await make_due(tx)
        await analyze(tx)
        async with planned(tx, statements) as calls:
            read = {name: await rows_read(tx, call) for name, call in calls.items()}
        await work.rollback()
    assert too_many(BY_STATISTICS, read) == {}
