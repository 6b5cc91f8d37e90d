"""PgQueuer as the engine: with ``statements.py`` the only module that imports it.

PgQueuer brings the table with its upgrades, the claim (``FOR UPDATE SKIP LOCKED``), takeover by
heartbeat and the deduplicated batch insert; the statements are ours. Its own completion deletes a
job by its id alone, in a transaction of its own; ours happens in the handler's transaction and only
for the present token, so an outcome and the end of its message are one commit. docs/decisions/0002
says more.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.queries import Queries
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.driver import fetch_raw
from app.connections.postgres import connect
from app.connections.schema import SCHEMA, in_schema
from app.engine import Delivery, Depth, Handler, OutgoingMessage, PrefixDepth, Room
from app.engine.postgres import statements
from app.engine.postgres.claims import CLAIMING, Claims
from app.engine.postgres.consumer import POLL, Consumer

MOST_DEAD = 20_000
"""Dead messages in the table at which it is vacuumed."""

SOON = timedelta(seconds=2 * POLL)
"""Workers are told of a message that is given back to come within so long. Any other one they find
when they look by themselves."""

_DEPTH = text(statements.DEPTH)
_DEAD = text(statements.DEAD)

# Whatever the connection says, a new one is the cure: a restart ends it with an ordinary error of
# Postgres, and a cut in the middle of a message with an internal one of the driver.
UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class PgQueuerEngine:
    """An ``Engine`` on the Postgres that our own tables are in.

    Args:
        dsn: of the same database, for connections that listen: no pooler in transaction mode.
        schema: what the engine keeps is in this one, as is what ``database`` says of ours.
    """

    def __init__(
        self,
        database: AsyncEngine,
        dsn: str,
        *,
        schema: str = SCHEMA,
        heartbeat: timedelta = timedelta(seconds=30),
        stop_timeout: timedelta = timedelta(seconds=20),
    ) -> None:
        self._database = database
        self._dsn = dsn
        self._schema = schema
        self._heartbeat = heartbeat
        self._stop_timeout = stop_timeout
        self._me = uuid.uuid4()

    async def install(self) -> None:
        async with self._connected() as connection:
            names = statements.QueueNames(db_schema=self._schema)
            queries = Queries(
                AsyncpgDriver(connection),
                QueryBuilderEnvironment(names),
                QueryQueueBuilder(names),
                QuerySchedulerBuilder(names),
            )
            await connection.execute(
                self._said("SELECT pg_advisory_lock(hashtext('sluice.install'))")
            )
            if await queries.schema_is_installed():
                await queries.upgrade()  # not in one transaction: its statements may not share one
            else:
                await queries.install(create_schema=False)
            async with connection.transaction():
                await queries.optimize_autovacuum()
                await connection.execute(self._said(statements.ADAPT))

    def _said(self, statement: str) -> str:
        return in_schema(statement, self._schema)

    async def publish(self, tx: AsyncConnection, messages: Sequence[OutgoingMessage]) -> int:
        return await self._enqueue(tx, statements.PUBLISH, messages)

    async def hasten(self, tx: AsyncConnection, messages: Sequence[OutgoingMessage]) -> int:
        return await self._enqueue(tx, statements.HASTEN, messages)

    async def _enqueue(
        self, tx: AsyncConnection, statement: str, messages: Sequence[OutgoingMessage]
    ) -> int:
        if not messages:
            return 0
        told = await fetch_raw(
            tx,
            statement,
            [m.priority for m in messages],
            [m.flow_key for m in messages],
            [m.payload for m in messages],
            [m.delay for m in messages],
            [m.id for m in messages],
        )
        return sum(row[0] for row in told)

    async def complete(
        self, tx: AsyncConnection, deliveries: Iterable[Delivery]
    ) -> set[tuple[int, int]]:
        return await self._settle(tx, statements.COMPLETE, list(deliveries))

    async def redeliver(
        self, tx: AsyncConnection, later: Sequence[tuple[Delivery, timedelta]]
    ) -> set[tuple[int, int]]:
        deliveries, delays = [d for d, _ in later], [delay for _, delay in later]
        return await self._settle(tx, statements.REDELIVER, deliveries, delays, SOON)

    async def holds(self, tx: AsyncConnection, delivery: Delivery) -> bool:
        number, attempts = delivery.token
        # The first statement of its transaction, so that it is SQLAlchemy that begins.
        found = await tx.exec_driver_sql(statements.HOLDS, ([number], [attempts], self._me))
        return found.first() is not None

    async def ours(
        self, tx: AsyncConnection, deliveries: Iterable[Delivery]
    ) -> set[tuple[int, int]]:
        tokens = [delivery.token for delivery in deliveries]
        ids, attempts = [token[0] for token in tokens], [token[1] for token in tokens]
        # The first statement of its transaction, so that it is SQLAlchemy that begins.
        found = await tx.exec_driver_sql(statements.HELD, (ids, attempts, self._me))
        return {(row.id, row.attempts) for row in found}

    async def withdraw(self, tx: AsyncConnection, ids: Sequence[str]) -> set[str]:
        await tx.exec_driver_sql(statements.WITHDRAW, (list(ids),))
        # Looked at afterwards: a claim that the deletion waited for is in hand now.
        return set((await tx.exec_driver_sql(statements.IN_HAND, (list(ids),))).scalars())

    async def present(self, tx: AsyncConnection, ids: Sequence[str]) -> set[str]:
        return set((await tx.exec_driver_sql(statements.PRESENT, (list(ids),))).scalars())

    async def any_present(self, tx: AsyncConnection, flow_key: str, prefix: str) -> bool:
        return bool((await tx.exec_driver_sql(statements.ANY, (flow_key, prefix))).scalar())

    async def parts(
        self, tx: AsyncConnection, of: Sequence[tuple[str, str]], *, most: int = 2_000
    ) -> list[PrefixDepth]:
        keys, prefixes = [key for key, _ in of], [prefix for _, prefix in of]
        rows = await tx.exec_driver_sql(statements.PARTS, (keys, prefixes, most))
        found = [tuple(row) for row in rows]
        return [
            PrefixDepth(due, deferred, held, seen < most) for due, deferred, held, seen in found
        ]

    async def rename(self, tx: AsyncConnection, old: str, new: str) -> None:
        await tx.exec_driver_sql(statements.RENAME, (old, new))

    async def tidy(self) -> None:
        # Autovacuum looks once a minute; in that time 100,000 messages leave as many dead entries
        # at the front of the index that each claim begins to read at.
        async with self._database.connect() as pooled:
            dead = await pooled.scalar(_DEAD)
        if (dead or 0) > MOST_DEAD:
            async with self._connected() as connection:
                await connection.execute(self._said(statements.VACUUM))

    async def _settle(
        self, tx: AsyncConnection, statement: str, deliveries: list[Delivery], *more: object
    ) -> set[tuple[int, int]]:
        tokens = [delivery.token for delivery in deliveries]
        ids, attempts = [token[0] for token in tokens], [token[1] for token in tokens]
        # The first statement of its transaction, so that it is SQLAlchemy that begins.
        result = await tx.exec_driver_sql(statement, (ids, attempts, self._me, *more))
        settled, found, of = tuple(result.one())[:3]
        return (
            set(tokens) if settled == len(tokens) else set(zip(found or (), of or (), strict=True))
        )

    async def depth(self) -> Mapping[str, Depth]:
        async with self._database.connect() as connection:
            return {row[0]: Depth(row[1], row[2]) for row in await connection.execute(_DEPTH)}

    def worker(self, handlers: Mapping[str, Handler], *, room: Room, concurrency: int) -> Consumer:
        return Consumer(
            self._claims,
            handlers,
            room=room,
            concurrency=concurrency,
            heartbeat=self._heartbeat,
            stop_timeout=self._stop_timeout,
            unreachable=UNREACHABLE,
        )

    @asynccontextmanager
    async def _claims(self, heard: Callable[[str], None]) -> AsyncIterator[Claims]:
        """Open a connection that listens; ``heard`` is told the flow key of new messages."""

        def notified(_connection: object, _pid: object, _channel: object, flow_key: str) -> None:
            heard(flow_key)

        async with self._connected(CLAIMING) as connection:
            await connection.add_listener(self._said(statements.CHANNEL), notified)
            yield Claims(connection, self._me, self._heartbeat, self._schema)

    @asynccontextmanager
    async def _connected(
        self, settings: Mapping[str, str] | None = None
    ) -> AsyncIterator[asyncpg.Connection]:
        connection = await connect(self._dsn, settings=settings, command_timeout=60)
        try:
            yield connection
        finally:
            try:
                await connection.close(timeout=2)
            except UNREACHABLE:
                connection.terminate()
