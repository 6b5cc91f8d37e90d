"""What functions of the store, and of engines, send to Postgres."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.store.plans.asked.wanted import Asked, Wanted


class Statement(NamedTuple):
    text: str
    values: tuple[object, ...]


async def sent_by(
    tx: AsyncConnection, calls: Mapping[str, Asked], wanted: Wanted
) -> dict[str, Statement]:
    """By the call's name, and a number. The rows that are wanted are there."""
    found = {}
    for name, call in calls.items():
        statements = await _sent(tx, call, wanted)
        assert statements, name
        for number, statement in enumerate(statements, start=1):
            found[f"{name}, {number}"] = statement
    return found


async def _sent(tx: AsyncConnection, call: Asked, wanted: Wanted) -> list[Statement]:
    """Those on Sluice's tables. What they do is undone."""
    found: list[Statement] = []
    driver: Any = (await tx.get_raw_connection()).driver_connection  # asyncpg's

    def by_driver(query: Any) -> None:  # likewise
        found.append(Statement(query.query, query.args))

    def by_sqlalchemy(
        _connection: object, _cursor: object, text: str, values: Any, _context: object, many: bool
    ) -> None:
        found.append(Statement(text, tuple(values[0] if many else values)))

    driver.add_query_logger(by_driver)
    event.listen(tx.sync_connection, "before_cursor_execute", by_sqlalchemy)
    try:
        async with tx.begin_nested() as once:
            await call(tx, wanted)
            await once.rollback()
    finally:
        event.remove(tx.sync_connection, "before_cursor_execute", by_sqlalchemy)
        driver.remove_query_logger(by_driver)
    return [statement for statement in found if "sluice." in statement.text]
