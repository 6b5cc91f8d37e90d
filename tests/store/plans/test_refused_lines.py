"""What a provider says of the lines of a large file is written down as quickly as that of a few."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.database import BY_INDEX, open_database
from app.store.deferred.refused_lines import refuse

LINES = 20_000


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[AsyncConnection]:
    """With plans by key, in a transaction of which nothing is kept."""
    database = open_database(database_url, pool_size=1, settings=BY_INDEX)
    async with database.connect() as tx, tx.begin() as work:
        yield tx
        await work.rollback()
    await database.dispose()


async def test_lines_by_the_thousand_are_told_by_a_plan_of_an_empty_table(
    ledger: AsyncConnection,
) -> None:
    await ledger.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
    assert await refuse(ledger, "b", {1: "too long"}, of=1) == 0
    await ledger.execute(
        text("""
            INSERT INTO sluice.deferred_call
                (id, run_id, item_id, step, provider, url, model, body, size, batch_id)
            SELECT 'c' || lpad(n::text, 6, '0'), 'r', n, 's', 'p', 'u', 'm', '{}', 2, 'b'
            FROM generate_series(1, :lines) AS n
        """),
        {"lines": LINES},
    )
    # More than the memory that Postgres gives a part of a plan by default, beyond which it would be
    # read from the disk for each line.
    said = {line: f"{line} is too long{'!' * 600}" for line in range(1, LINES + 1)}
    await ledger.execute(text("SET LOCAL statement_timeout = '15s'"))
    assert await refuse(ledger, "b", said, of=LINES) == LINES
    found = await ledger.execute(text("SELECT id, refused FROM sluice.deferred_call"))
    assert {int(call[1:]): what for call, what in found} == said
