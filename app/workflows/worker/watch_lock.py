"""The lock of whoever looks after all runs: one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

# In one statement: a process may hang between two, and would hold the lock for good.
_HOLD = text("""
    SELECT CASE WHEN pg_try_advisory_lock(hashtextextended('sluice.watchdog', 0))
        THEN set_config('idle_session_timeout', :milliseconds, false) END
""")
_LET_GO = text("SELECT pg_advisory_unlock(hashtextextended('sluice.watchdog', 0))")


@asynccontextmanager
async def watch_lock(
    holding: AsyncEngine, silence: timedelta
) -> AsyncIterator[AsyncConnection | None]:
    """Hold the lock for the length of the ``async with``. Gives the connection that it lives on;
    None: another process has the lock.

    Args:
        holding: where a lock lasts as long as its connection: no pooler in transaction mode.
        silence: after which Postgres ends a connection that says nothing, and so gives the lock to
            others: a process may hang, or vanish with its machine, and still be connected.
    """
    async with holding.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        milliseconds = str(int(silence.total_seconds() * 1_000))
        if await connection.scalar(_HOLD, {"milliseconds": milliseconds}) is None:
            yield None
            return
        try:
            yield connection
        finally:
            try:
                with suppress(SQLAlchemyError):  # the lock goes with a connection that was lost
                    await asyncio.shield(connection.execute(_LET_GO))
            finally:
                # The pool must not hand on a connection that holds the lock.
                await connection.invalidate()
