"""Opening Postgres, and the one secret that belongs to the installation."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    async_sessionmaker,
    create_async_engine,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from app.connections.engine_schema import use_schema
from app.connections.faults import DEADLOCK, sqlstate
from app.connections.postgres import connect
from app.connections.schema import SCHEMA
from app.connections.sql_compiler import use_compiler
from app.errors import ConfigurationError
from app.store.pool import WaitingPool

Sessions = async_sessionmaker[AsyncSession]
T = TypeVar("T")


BY_INDEX = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
"""For connections that only touch rows by key. The queue is nearly empty most of the time, and a
plan that was made then reads the whole table once it is full (docs/decisions/0005). Rows that a
statement finds by an array of keys it then locks in the order of the index, whatever that of the
array and of the table."""


IDLE_SECONDS = 5.0
"""A connection that was not used for so long is asked whether it lives before it is used again."""
ANSWER_WITHIN = 3.0
"""That the answer may take."""


def open_database(
    dsn: str,
    *,
    pool_size: int,
    schema: str = SCHEMA,
    settings: Mapping[str, str] | None = None,
    by_transaction: bool = False,
    idle: float = IDLE_SECONDS,
    patience: float = 30.0,
) -> AsyncEngine:
    """A pool of connections.

    Args:
        dsn: libpq's form, with all of its parameters.
        schema: the one that Sluice's own tables are in.
        settings: Postgres settings of each connection.
        by_transaction: a pooler gives a server connection for a transaction alone. Settings are
            then made in each transaction, and no statement stays prepared.
        idle: seconds without use after which a connection is asked whether it lives.
        patience: seconds to wait for a connection that is free, for who has no limit of his own.
    """
    kept = {} if by_transaction else dict(settings or {})

    async def made() -> asyncpg.Connection:
        return await connect(dsn, settings=kept, prepares=not by_transaction)

    def creator() -> Any:  # as SQLAlchemy makes one of ``async_creator``, but with its arguments
        # A statement without a name (``str()``) goes with each call, and needs no session.
        unprepared = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str}
        return engine.dialect.dbapi.connect(  # type: ignore[union-attr]  # it has one
            async_creator_fn=made, **(unprepared if by_transaction else {})
        )

    engine = create_async_engine(
        "postgresql+asyncpg://",
        creator=creator,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=False,  # it costs each use; see _alive
        poolclass=WaitingPool,
        pool_timeout=patience,
    )
    use_schema(engine, schema)
    use_compiler(engine)
    event.listen(engine.sync_engine, "checkin", _rests)
    event.listen(engine.sync_engine, "checkout", partial(_alive, idle))
    if by_transaction and settings:
        _set_in_each_transaction(engine, settings)
    return engine


def _rests(_connection: object, record: Any) -> None:  # SQLAlchemy's own
    record.info["idle_since"] = time.monotonic()


def _alive(idle: float, connection: Any, record: Any, _proxy: object) -> None:  # SQLAlchemy's own
    """Have a connection that the other side has closed replaced, and not found out by a caller.

    Raises:
        DisconnectionError: SQLAlchemy then makes a new one.
    """
    since = record.info.get("idle_since")
    if since is None:
        return
    driver: asyncpg.Connection = connection.driver_connection
    if driver.is_closed():
        raise DisconnectionError
    if time.monotonic() - since > idle:
        try:
            connection.run_async(lambda asked: asked.execute("SELECT 1", timeout=ANSWER_WITHIN))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            driver.terminate()
            raise DisconnectionError from error


def _set_in_each_transaction(engine: AsyncEngine, settings: Mapping[str, str]) -> None:
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())

    def begun(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(f"SELECT {calls}")

    event.listen(engine.sync_engine, "begin", begun)


def reading(database: AsyncEngine) -> AsyncConnection:
    """A connection for single statements: without the round trips of a transaction around each."""
    view = _READING.get(database)
    if view is None:
        view = _READING[database] = database.execution_options(isolation_level="AUTOCOMMIT")
    return view.connect()


_READING: WeakKeyDictionary[AsyncEngine, AsyncEngine] = WeakKeyDictionary()
"""Each engine's view of itself that ``reading`` uses. To make one takes 90 us, for every read."""


TRIES = 3
"""Of a transaction that Postgres has ended because it and another waited for each other."""


async def transacted(database: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do it in a transaction; and anew, where it was ended for the sake of another. Our own
    transactions lock rows in one order (docs/explanation/guarantees.md): those of others, such as a
    service's that reads our tables, may not.

    Args:
        work: may be called several times, of which the last one counts.
    """
    for left in reversed(range(TRIES)):
        try:
            async with database.begin() as tx:
                return await work(tx)
        except DBAPIError as error:
            if not left or sqlstate(error) != DEADLOCK:
                raise
    raise AssertionError  # the last try returns, or raises


def sessions(database: AsyncEngine) -> Sessions:
    return async_sessionmaker(database, class_=AsyncSession, expire_on_commit=False)


async def service_key(database: AsyncEngine, name: str) -> str:
    """A key that the migrations have made, the same for every process: ``signing`` signs cursors,
    ``sealing`` encrypts secrets in params.

    Raises:
        ConfigurationError: the tables are not there.
    """
    try:
        async with reading(database) as connection:
            value = await connection.scalar(
                text("SELECT value FROM sluice.service_secret WHERE name = :name"), {"name": name}
            )
    except Exception as error:
        if "service_secret" not in str(error):
            raise
        raise ConfigurationError(
            "The database has none of Sluice's tables yet. Make them with: sluice migrate"
        ) from error
    if not value:
        raise ConfigurationError(
            "The database's tables are those of an earlier version. Bring them up to date with:"
            " sluice migrate"
        )
    return str(value)
