"""Dropping a demonstration's database, unless somebody works on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.engine import make_url

from app.errors import Conflict

APPLICATION = "sluice-demo"
"""The ``application_name`` of a demonstration's own connections."""

_PATIENCE = 2.0
"""Seconds for what is on its way out: a killed client's session outlives it by a moment."""

_LOCK = "SELECT pg_try_advisory_lock(hashtext('sluice.demo'))"
_END_LEFTOVERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = $1 AND application_name = $2
"""
_IN_USE = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'
"""


@asynccontextmanager
async def dropped(dsn: str, name: str) -> AsyncIterator[str]:
    """The database ``name`` is gone, and no other demonstration can begin until this one ends.

    Gives the DSN of another database of the server, from which to make it anew.

    Raises:
        Conflict: a service or another demonstration uses it. Nothing was dropped.
    """
    elsewhere = _elsewhere(dsn, name)
    connection = await asyncpg.connect(elsewhere, timeout=10)
    try:
        if not await _within(connection, _LOCK):
            raise Conflict(
                "Another `sluice demo` is running on this Postgres. Wait until it has ended."
            )
        # Whoever else has this name was killed: the lock says that no demonstration is alive.
        await connection.execute(f"SET application_name = '{APPLICATION} lock'")
        await connection.fetch(_END_LEFTOVERS, name, APPLICATION)
        await _drop(connection, name)
        yield elsewhere
    finally:
        await connection.close()


def connecting_as_demo(dsn: str) -> str:
    """The same database, with connections that a later demonstration may end."""
    url = make_url(dsn).update_query_dict({"application_name": APPLICATION})
    return url.render_as_string(hide_password=False)


async def _drop(connection: asyncpg.Connection, name: str) -> None:
    if not await _within(connection, f"SELECT ({_IN_USE}) = 0", name):
        raise _in_use(name)
    try:
        # Without FORCE: Postgres itself refuses when somebody connected since we looked.
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
    except asyncpg.ObjectInUseError:
        raise _in_use(name) from None


async def _within(connection: asyncpg.Connection, query: str, *args: object) -> bool:
    """Ask until the answer is true or patience ends."""
    end = asyncio.get_running_loop().time() + _PATIENCE
    while True:
        if await connection.fetchval(query, *args):
            return True
        if asyncio.get_running_loop().time() > end:
            return False
        await asyncio.sleep(0.1)


def _in_use(name: str) -> Conflict:
    return Conflict(
        f"The database {name} is in use, most likely by `make serve` or `make worker`, and the"
        " demo would drop it. Stop them first; or use what runs: sluice run welcome-placeholder"
    )


def _elsewhere(dsn: str, name: str) -> str:
    """A database of the same server that is not the one to drop."""
    url = make_url(dsn)
    if url.database != name:
        return dsn
    return url.set(database="postgres").render_as_string(hide_password=False)
