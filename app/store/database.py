"""Opening Postgres, and the one secret that belongs to the installation."""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    async_sessionmaker,
    create_async_engine,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import ConfigurationError

Sessions = async_sessionmaker[AsyncSession]


BY_INDEX = {
    "application_name": "sluice ledger",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
"""For connections that only touch rows by key. The queue is nearly empty most of the time, and a
plan that was made then reads the whole table once it is full (docs/decisions/0005)."""


def open_database(
    dsn: str, *, pool_size: int, settings: Mapping[str, str] | None = None
) -> AsyncEngine:
    """A pool of connections.

    Args:
        dsn: libpq's form, with all of its parameters.
        settings: Postgres settings of each connection.
    """

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, timeout=10, server_settings=dict(settings or {}))

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=False,  # a lost connection costs one redelivery; a ping costs each use
        pool_timeout=30,
    )


def reading(database: AsyncEngine) -> AsyncConnection:
    """A connection for single statements: without the round trips of a transaction around each."""
    view = _READING.get(database)
    if view is None:
        view = _READING[database] = database.execution_options(isolation_level="AUTOCOMMIT")
    return view.connect()


_READING: WeakKeyDictionary[AsyncEngine, AsyncEngine] = WeakKeyDictionary()
"""Each engine's view of itself that ``reading`` uses. To make one takes 90 us, for every read."""


def sessions(database: AsyncEngine) -> Sessions:
    return async_sessionmaker(database, class_=AsyncSession, expire_on_commit=False)


async def signing_key(database: AsyncEngine) -> bytes:
    """The key that signs cursors: made by the first migration, the same for every process.

    Raises:
        ConfigurationError: the tables are not there.
    """
    try:
        async with reading(database) as connection:
            value = await connection.scalar(
                text("SELECT value FROM service_secret WHERE name = 'signing'")
            )
    except Exception as error:
        if "service_secret" not in str(error):
            raise
        value = None
    if not value:
        raise ConfigurationError(
            "The database has none of Sluice's tables yet. Make them with: sluice migrate"
        )
    return str(value).encode()
