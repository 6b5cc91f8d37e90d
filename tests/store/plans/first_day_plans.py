"""Statements with the plans that connections of a service's first day keep
(docs/decisions/0005)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from tests.store.plans.sent_statements import Statement


@asynccontextmanager
async def prepared(tx: AsyncConnection, types: str, statement: str) -> AsyncIterator[str]:
    """The name under which ``statement`` stands in the transaction's session, for EXECUTE. Its own
    name: a session keeps it beyond the transaction, and another test may be given the session."""
    name = f"asked_{uuid.uuid4().hex}"
    await tx.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
    await tx.exec_driver_sql(f"PREPARE {name}{f' ({types})' if types else ''} AS {statement}")
    yield name
    await tx.exec_driver_sql(f"DEALLOCATE {name}")


@asynccontextmanager
async def planned(
    tx: AsyncConnection, statements: Mapping[str, Statement]
) -> AsyncIterator[dict[str, str]]:
    """The EXECUTE of each, which keeps the plan that is made now."""
    async with AsyncExitStack() as kept:
        calls = {}
        for name, statement in statements.items():
            known = await kept.enter_async_context(prepared(tx, "", statement.text))
            values = ", ".join(map(_literal, statement.values))
            calls[name] = f"EXECUTE {known}{f'({values})' if values else ''}"
            await tx.exec_driver_sql(f"EXPLAIN {calls[name]}")
        yield calls


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):  # and a truth
        return str(value)
    if isinstance(value, list):
        return f"ARRAY[{', '.join(map(_literal, value))}]::text[]"
    if isinstance(value, timedelta):
        return f"'{value.total_seconds()} s'"
    if isinstance(value, bytes):
        return rf"'\x{value.hex()}'"
    told = value.isoformat() if isinstance(value, datetime) else str(value)
    return "'" + told.replace("'", "''") + "'"
