"""Bringing a database up to date: our tables by Alembic, the queue's by the engine."""

from __future__ import annotations

from contextlib import suppress

import asyncpg
from sqlalchemy import Connection, text

from alembic import command
from app.connections.postgres import connect
from app.connections.postgres_url import with_database
from app.engine.postgres.engine import PgQueuerEngine
from app.store.database import open_database
from app.store.pooler import require_session
from app.store.revision import migrations

__all__ = ["ensure_database", "migrate", "with_database"]

_LOCK = "SELECT pg_advisory_lock(hashtext('sluice.migrate'))"


async def migrate(dsn: str, *, to: str = "head") -> None:
    """Safe to repeat, and safe when several processes start at once: one does it, others wait."""
    await require_session(dsn)
    database = open_database(dsn, pool_size=2)
    try:
        # The lock is the session's: it outlives each migration's transaction, and ends with us.
        async with database.connect() as holder:
            await holder.execute(text(_LOCK))
            async with database.connect() as connection:
                await connection.run_sync(_upgrade, to)
                await connection.commit()
            await PgQueuerEngine(database, dsn).install()
    finally:
        await database.dispose()


def _upgrade(connection: Connection, to: str) -> None:
    config = migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


async def ensure_database(dsn: str, name: str) -> str:
    """Create the database ``name`` on the server of ``dsn`` unless it is there. Returns its DSN."""
    connection = await connect(dsn)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            # Another process may be quicker.
            with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return with_database(dsn, name)
