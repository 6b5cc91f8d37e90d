"""The database in which a demonstration plays: made anew each time, and never one in which somebody
has worked.

A demonstration leaves a comment on the database that it has made. Whoever opens it to work in it
takes the comment away (``keep``), and then it is dropped no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import asyncpg

from app.connections.postgres import connect
from app.connections.postgres_url import PostgresUrl, changed, with_database
from app.errors import ConfigurationError, Conflict

APPLICATION = "sluice-demo"
"""The ``application_name`` of a demonstration's own connections."""

_PATIENCE = 2.0
"""Seconds for what is on its way out: a killed client's session outlives it by a moment."""

_MARK = "Made by sluice demo, which drops it when it plays again."
_LOCK = "SELECT pg_try_advisory_lock(hashtext('sluice.demo'))"
_END_LEFTOVERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = ANY($1) AND application_name = $2
"""
_IN_USE = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'
"""
_FREE = """
    SELECT NOT EXISTS (
        SELECT FROM pg_database
        WHERE datname = $1 AND shobj_description(oid, 'pg_database') IS DISTINCT FROM $2
    )
"""


@dataclass(frozen=True, slots=True)
class Made:
    """A new and empty database."""

    name: str
    dsn: str


@asynccontextmanager
async def new_stage(dsn: str, names: Sequence[str]) -> AsyncIterator[Made]:
    """A new database under the first of ``names`` that is free, or that an earlier demonstration
    has left and nobody uses. No other demonstration can begin until this one ends.

    Raises:
        ConfigurationError: the user may make no database.
        Conflict: each of them is somebody's, or another demonstration goes on. Nothing was dropped.
    """
    connection = await connect(_elsewhere(dsn, names))
    try:
        if not await _within(connection, _LOCK):
            raise Conflict(
                "Another `sluice demo` is running on this Postgres. Wait until it has ended."
            )
        # Whoever else has this name was killed: the lock says that no demonstration is alive.
        await connection.execute(f"SET application_name = '{APPLICATION} lock'")
        await connection.fetch(_END_LEFTOVERS, list(names), APPLICATION)
        for name in names:
            if await _made(connection, name):
                yield Made(name, _connecting_as_demo(dsn, name))
                return
        raise Conflict(
            f"The demo makes the database {names[-1]} anew, and somebody uses it. Close what is"
            " connected to it."
        )
    finally:
        await connection.close()


async def keep(dsn: str, name: str) -> None:
    """From now on the database is somebody's, and no demonstration drops it."""
    connection = await connect(dsn)
    try:
        await connection.execute(f'COMMENT ON DATABASE "{name}" IS NULL')
    finally:
        await connection.close()


async def _made(connection: asyncpg.Connection, name: str) -> bool:
    """False: it is there, and not ours to drop."""
    if not await connection.fetchval(_FREE, name, _MARK):
        return False
    if not await _within(connection, f"SELECT ({_IN_USE}) = 0", name):
        return False
    try:
        # Without FORCE: Postgres itself refuses when somebody connected since we looked.
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
    except asyncpg.ObjectInUseError:
        return False
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    except asyncpg.InsufficientPrivilegeError:
        raise ConfigurationError(
            f"The demo plays in a database of its own, {name}, and this user may make none. Leave"
            " DATABASE_URL out, and it starts a Postgres of its own."
        ) from None
    await connection.execute(f"COMMENT ON DATABASE \"{name}\" IS '{_MARK}'")
    return True


def _connecting_as_demo(dsn: str, name: str) -> str:
    """With connections that a later demonstration may end."""
    return changed(dsn, lambda url: replace(url, database=name, application_name=APPLICATION))


async def _within(connection: asyncpg.Connection, query: str, *args: object) -> bool:
    """Ask until the answer is true or patience ends."""
    end = asyncio.get_running_loop().time() + _PATIENCE
    while True:
        if await connection.fetchval(query, *args):
            return True
        if asyncio.get_running_loop().time() > end:
            return False
        await asyncio.sleep(0.1)


def _elsewhere(dsn: str, names: Sequence[str]) -> str:
    """A database of the same server that is none to drop."""
    if PostgresUrl.parse(dsn).database not in names:
        return dsn
    return with_database(dsn, "postgres")
