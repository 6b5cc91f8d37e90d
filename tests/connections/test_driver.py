"""Statements that go to the driver as they stand are in SQLAlchemy's transaction all the same."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.driver import fetch_raw
from app.store.database import open_database
from tests.support.network.wire import wire_to
from tests.support.patience import PATIENCE

WRITE = "INSERT INTO tests.users (id, name, active, paid) VALUES ($1::text, 'Ada', true, false)"
IDS = "SELECT id FROM tests.users ORDER BY id"
IN_TRANSACTION = "SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' AND pid = $1"
PID = "SELECT pg_backend_pid()"


async def ids(database: AsyncEngine) -> list[str]:
    async with database.begin() as tx:
        return [row[0] for row in await tx.execute(text(IDS))]


async def pid_of(database: AsyncEngine) -> int:
    async with database.begin() as tx:
        [[pid]] = await fetch_raw(tx, PID)
    return int(pid)


async def test_the_first_statement_of_a_transaction_is_committed_with_it(
    database: AsyncEngine,
) -> None:
    async with database.begin() as tx:
        await fetch_raw(tx, WRITE, "a")
        await tx.exec_driver_sql(WRITE, ("b",))
    assert await ids(database) == ["a", "b"]


async def test_and_is_undone_with_it(database: AsyncEngine) -> None:
    async with database.connect() as connection:
        transaction = await connection.begin()
        await fetch_raw(connection, WRITE, "a")
        await transaction.rollback()
    assert await ids(database) == []


async def test_so_is_that_of_a_connection_which_nobody_has_begun(database: AsyncEngine) -> None:
    async with database.connect() as connection:
        await fetch_raw(connection, WRITE, "undone")
        await connection.rollback()
        await fetch_raw(connection, WRITE, "kept")
        await connection.commit()
    assert await ids(database) == ["kept"]


async def test_a_savepoint_is_within_the_transaction(database: AsyncEngine) -> None:
    async with database.begin() as tx:
        nested = await tx.begin_nested()
        await fetch_raw(tx, WRITE, "undone")
        await nested.rollback()
        await fetch_raw(tx, WRITE, "kept")
    assert await ids(database) == ["kept"]


async def test_a_connection_that_is_lost_before_it_begins_is_told_and_replaced(
    database: AsyncEngine, database_url: str
) -> None:
    operator = await asyncpg.connect(database_url)
    pid = await pid_of(database)
    async with database.connect() as connection:
        transaction = await connection.begin()
        await operator.execute("SELECT pg_terminate_backend($1, 5000)", pid)
        with pytest.raises(DBAPIError) as caught:
            await fetch_raw(connection, WRITE, "a")
        with pytest.raises(PendingRollbackError):
            await transaction.commit()
    await operator.close()
    assert caught.value.connection_invalidated
    assert await pid_of(database) != pid
    assert await ids(database) == []


async def test_a_begin_that_is_cut_off_leaves_nobody_in_its_transaction(database_url: str) -> None:
    """Postgres has begun it, and SQLAlchemy never learns of that."""
    operator = await asyncpg.connect(database_url)
    async with wire_to(database_url) as (wire, through):
        database = open_database(through, pool_size=1)
        first = await pid_of(database)
        wire.keep_answers()
        asking = asyncio.create_task(pid_of(database))
        async with asyncio.timeout(PATIENCE):
            while not await operator.fetch(IN_TRANSACTION, first):
                await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(PATIENCE):
            assert await pid_of(database) != first
        await database.dispose()
    await operator.close()
