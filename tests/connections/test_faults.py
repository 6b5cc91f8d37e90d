"""What the driver said, however it comes to us."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.driver import fetch_raw
from app.connections.faults import by_driver, said, sqlstate

DIVISION = "SELECT 1 / 0"


async def test_it_is_the_same_through_sqlalchemy_and_past_it(database: AsyncEngine) -> None:
    async with database.connect() as tx:
        with pytest.raises(DBAPIError) as through:
            await tx.execute(text(DIVISION))
    async with database.begin() as tx:
        await tx.execute(text("SELECT 1"))
        with pytest.raises(DBAPIError) as past:
            await fetch_raw(tx, DIVISION)
        await tx.rollback()
    for caught in (through.value, past.value):
        assert isinstance(by_driver(caught), asyncpg.DivisionByZeroError)
        assert str(by_driver(caught)) == "division by zero"
        assert said(caught) == "DivisionByZeroError: division by zero"
        assert sqlstate(caught) == "22012"


def test_an_error_without_a_cause_says_what_it_says_itself() -> None:
    refused = asyncpg.InsufficientPrivilegeError("permission denied for schema sluice")
    refused.__cause__ = ValueError("what the driver made of an argument")
    assert by_driver(DBAPIError("SELECT", None, refused)) is refused
    other = OSError("gone")
    assert by_driver(DBAPIError("SELECT", None, other)) is other
    assert by_driver(other) is other
