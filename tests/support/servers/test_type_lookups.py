"""What needs a description of a type is found, whichever way it went to the driver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.driver import fetch_raw
from tests.support.servers.type_lookups import TypeLookup, TypeLookups

NUMBERS = 1007  # int4[]
ARRAY = "SELECT ARRAY[1, 2]"
TEXTS = "SELECT $1::text[]"


@pytest.fixture(autouse=True)
def those_meant(type_lookups: TypeLookups) -> Iterator[None]:
    """Fail none of these tests."""
    yield
    type_lookups.found.clear()


async def test_of_a_statement_past_sqlalchemy(
    database: AsyncEngine, type_lookups: TypeLookups
) -> None:
    async with database.begin() as tx:
        await fetch_raw(tx, TEXTS, ["a"])  # begins the transaction
        assert not type_lookups.found
        await fetch_raw(tx, ARRAY)
        await fetch_raw(tx, TEXTS, ["b"])
    assert type_lookups.found == [TypeLookup((NUMBERS,), ARRAY, raw=True)]


async def test_of_one_that_begins_its_transaction(
    database: AsyncEngine, type_lookups: TypeLookups
) -> None:
    async with database.begin() as tx:
        await fetch_raw(tx, ARRAY)
    assert type_lookups.found == [TypeLookup((NUMBERS,), ARRAY, raw=False)]


async def test_of_one_after_a_statement_that_failed(
    database: AsyncEngine, type_lookups: TypeLookups
) -> None:
    async with database.begin() as tx:
        with pytest.raises(DBAPIError):
            async with tx.begin_nested():
                await tx.exec_driver_sql("SELECT 1 / 0")
        with pytest.raises(DBAPIError):
            async with tx.begin_nested():
                await fetch_raw(tx, "SELECT ARRAY[1 / 0]")
        await fetch_raw(tx, ARRAY)
    assert [(one.types, one.raw) for one in type_lookups.found] == [((NUMBERS,), True)]
