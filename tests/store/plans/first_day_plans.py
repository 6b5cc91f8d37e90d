"""Statements with the plans that connections of a service's first day keep
(docs/decisions/0005)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection


@asynccontextmanager
async def prepared(tx: AsyncConnection, types: str, statement: str) -> AsyncIterator[str]:
    """The name under which ``statement`` stands in the transaction's session, for EXECUTE. Its own
    name: a session keeps it beyond the transaction, and another test may be given the session."""
    name = f"asked_{uuid.uuid4().hex}"
    await tx.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
    await tx.exec_driver_sql(f"PREPARE {name}{f' ({types})' if types else ''} AS {statement}")
    yield name
    await tx.exec_driver_sql(f"DEALLOCATE {name}")
