"""Whether a pooler such as PgBouncer stands before Postgres, and what it keeps for a client."""

from __future__ import annotations

from enum import Enum

import asyncpg

from app.connections.postgres import connect
from app.connections.postgres_url import PostgresUrl
from app.connections.schema import SCHEMA, in_schema
from app.errors import ConfigurationError

ROUNDS = 5
_BACKEND = "SELECT pg_backend_pid()"


class Pooling(Enum):
    NONE = "none"
    """The connection is Postgres's own."""
    SESSION = "session"
    """A server connection is the client's until it leaves."""
    TRANSACTION = "transaction"
    """It is the client's until its transaction ends: no prepared statement, no setting, no lock of
    a session and no LISTEN outlives that."""


async def pooling_of(url: str) -> Pooling:
    """One statement where there is no pooler, a few more where there is."""
    first = await connect(url, prepares=False)
    try:
        backend = await first.fetchval(_BACKEND)
        # A pooler makes up the number that a client is given for cancelling.
        if backend == first.get_server_pid():
            return Pooling.NONE
        second = await connect(url, prepares=False)
        try:
            return await _between(first, second)
        finally:
            await second.close(timeout=2)
    finally:
        await first.close(timeout=2)


async def _between(first: asyncpg.Connection, second: asyncpg.Connection) -> Pooling:
    """Two clients that are idle by turns share a server connection in transaction mode alone."""
    seen: set[int] = set()
    for _ in range(ROUNDS):
        mine, other = await first.fetchval(_BACKEND), await second.fetchval(_BACKEND)
        seen.add(mine)
        if mine == other or len(seen) > 1:
            return Pooling.TRANSACTION
    return Pooling.SESSION


async def require_session(url: str, setting: str = "DATABASE_URL") -> None:
    """
    Raises:
        ConfigurationError: what must hold a session would lose it.
    """
    if await pooling_of(url) is Pooling.TRANSACTION:
        raise ConfigurationError(
            f"{setting} leads to a pooler in transaction mode, where nobody can listen or hold a"
            " lock. Set SLUICE_LISTEN_URL to Postgres itself, or to a pool in session mode"
            " (docs/guides/connections.md)."
        )


async def check_pooling(database: str, listen: str, schema: str = SCHEMA) -> Pooling:
    """How ``database`` is pooled.

    Raises:
        ConfigurationError: it, or ``listen``, cannot be worked with as it is.
    """
    pooling = await pooling_of(database)
    if listen != database:
        await require_session(listen, "SLUICE_LISTEN_URL")
        await _require_same(database, listen, schema)
    elif pooling is Pooling.TRANSACTION:
        await require_session(listen)
    if pooling is Pooling.TRANSACTION and PostgresUrl.parse(database).settings:
        names = ", ".join(PostgresUrl.parse(database).settings)
        raise ConfigurationError(
            f"DATABASE_URL leads to a pooler in transaction mode, which keeps no settings, and sets"
            f" {names}. Set it for the role instead: ALTER ROLE … SET {names.split(', ')[0]} = …"
        )
    return pooling


_WHICH = """
    SELECT current_database()
        || ' ' || coalesce((SELECT value FROM sluice.service_secret ORDER BY name LIMIT 1), '')
"""


async def _require_same(database: str, listen: str, schema: str) -> None:
    found = []
    for url in (database, listen):
        connection = await connect(url, prepares=False)
        try:
            found.append(await connection.fetchval(in_schema(_WHICH, schema)))
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            found.append(None)
        finally:
            await connection.close(timeout=2)
    if found[0] != found[1]:
        raise ConfigurationError(
            "SLUICE_LISTEN_URL leads to another database than DATABASE_URL. It must be the same"
            " one, reached without a pooler in transaction mode."
        )
