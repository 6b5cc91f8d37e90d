"""What Postgres, or its driver, says of a value that it does not take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw, refusal
from app.store.database import open_database

Ask = Callable[[AsyncConnection, str, object], Awaitable[object]]


async def by_sqlalchemy(connection: AsyncConnection, statement: str, value: object) -> object:
    return await connection.exec_driver_sql(statement, (value,))


@pytest.mark.parametrize(
    ("statement", "value", "says"),
    [
        ("SELECT $1::text", "\ud800", "surrogates not allowed"),
        ("SELECT $1::text", "\0", "invalid byte sequence"),
        ("SELECT $1::text::jsonb", '"\\u0000"', r"\u0000 cannot be converted to text"),
        ("SELECT $1::int", 2**40, "out of int32 range"),
        ("SELECT $1::text[]", ["\ud800"], "surrogates not allowed"),
        ("SELECT $1::text[]::int[]::text[]", ["1099511627776"], "out of range for type integer"),
        ("SELECT now() + $1::interval", timedelta.max, "timestamp out of range"),
        ("SELECT $1::bigint", 2**70, "out of int64 range"),
    ],
)
@pytest.mark.parametrize("ask", [fetch_raw, by_sqlalchemy])
async def test_a_value_that_cannot_be_kept_is_told_in_a_sentence(
    database_url: str, statement: str, value: object, says: str, ask: Ask
) -> None:
    database = open_database(database_url, pool_size=2)
    async with database.connect() as connection:
        with pytest.raises(DBAPIError) as caught:
            await ask(connection, statement, value)
    await database.dispose()
    said = refusal(caught.value)
    assert said is not None
    assert says in said
    assert "asyncpg" not in said


@pytest.mark.parametrize("statement", ["SELECT 1 FROM nowhere", "SELECT pg_sleep(9)"])
async def test_what_is_no_fault_of_a_value_is_none(database_url: str, statement: str) -> None:
    database = open_database(database_url, pool_size=2)
    async with database.connect() as connection:
        await connection.exec_driver_sql("SET statement_timeout = 50")
        with pytest.raises(DBAPIError) as caught:
            await fetch_raw(connection, statement)
    await database.dispose()
    assert refusal(caught.value) is None
