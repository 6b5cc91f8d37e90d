"""The queue's tables in Sluice's own schema; docs/decisions/0023 says why it is our own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import groupby

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.config.priorities import HIGHEST
from app.connections.driver import fetch_raw
from app.connections.postgres import connect
from app.connections.schema import SCHEMA, in_schema
from app.engine import Abandoned, Backlog, Delivery, Depth, Lane, OutgoingMessage, Token, Unsent
from app.engine.postgres import consumer_statements, statements
from app.engine.postgres.consumer import Heard, QueueConsumer
from app.engine.postgres.presence import Presence
from app.engine.postgres.queue_connection import CLAIMING, QueueConnection

WITHDRAW = """
    DELETE FROM sluice.message WHERE seq = ANY(ARRAY(
        SELECT seq FROM sluice.message WHERE id = ANY($1::text[]) AND worker::text IS NULL
        FOR UPDATE SKIP LOCKED
    ))
"""
MOST_DEAD = 20_000
"""Dead messages in the table at which it is vacuumed."""


class PostgresEngine:
    """An ``Engine`` on the Postgres that our own tables are in.

    Args:
        direct: of the same database, for connections that listen or hold a lock: no pooler in
            transaction mode.
        schema: the one that Sluice's tables are in.
        heartbeat: silence after which others take over the messages of a process that hangs. One
            that is gone is known sooner, by its session.
        stop_timeout: for what is in hand to end when a worker stops.
    """

    def __init__(
        self,
        database: AsyncEngine,
        direct: str,
        *,
        schema: str = SCHEMA,
        heartbeat: timedelta = timedelta(seconds=30),
        stop_timeout: timedelta = timedelta(seconds=20),
    ) -> None:
        self._database = database
        self._direct = direct
        self._schema = schema
        self._heartbeat = heartbeat
        self._stop_timeout = stop_timeout

    async def publish(self, tx: AsyncConnection, messages: Sequence[OutgoingMessage]) -> int:
        if not messages:
            return 0
        once = list({message.id: message for message in messages}.values())
        told = await fetch_raw(
            tx,
            statements.PUBLISH,
            [m.id for m in once],
            [m.flow_key for m in once],
            [m.payload for m in once],
            [m.size for m in once],
            [m.priority for m in once],
            [m.delay for m in once],
        )
        return sum(row[0] for row in told)

    async def withdraw(self, tx: AsyncConnection, ids: Collection[str]) -> None:
        await fetch_raw(tx, WITHDRAW, list(ids))

    async def living(self, tx: AsyncConnection, tokens: Collection[Token]) -> set[Token]:
        numbers = list({number for number, _ in tokens})
        found = await fetch_raw(tx, statements.LIVING, numbers) if numbers else ()
        return {(row[0], row[1]) for row in found}.intersection(tokens)

    async def abandoned(
        self, tx: AsyncConnection, tokens: Collection[Token]
    ) -> Sequence[Abandoned]:
        if not tokens:
            return ()
        numbers, deliveries = zip(*tokens, strict=True)
        rows = await fetch_raw(tx, statements.ABANDONED, list(numbers), list(deliveries))
        return [
            Abandoned(
                worker,
                [Delivery((seq, number), key, body, 0) for _, seq, number, key, body in of_worker],
            )
            for worker, of_worker in groupby(rows, key=lambda row: row[0])
        ]

    async def rename(self, tx: AsyncConnection, old: str, new: str) -> None:
        await tx.exec_driver_sql(statements.RENAME, (old, new))

    async def hurry(
        self, tx: AsyncConnection, flow_keys: Sequence[str], until: datetime
    ) -> None: ...  # nobody has taken it

    async def tidy(self) -> None:
        # Autovacuum looks once a minute; in that time many messages leave as many dead entries at
        # the front of the index that each claim begins to read at.
        async with self._database.begin() as tx:
            orphaned = [row[0] for row in await fetch_raw(tx, consumer_statements.ORPHANED)]
            if orphaned:
                await fetch_raw(tx, statements.GIVE_BACK_OF_DEAD, orphaned)
            [(dead,)] = await fetch_raw(tx, statements.DEAD)
        if dead > MOST_DEAD:
            async with self._connected() as connection:
                await connection.execute(self._said(statements.VACUUM))

    async def depth(self) -> Mapping[str, Depth]:
        async with self._database.connect() as tx:
            return {row[0]: Depth(*row[1:]) for row in await fetch_raw(tx, statements.DEPTH)}

    async def depth_of(self, tx: AsyncConnection, of: Sequence[tuple[str, str]]) -> Sequence[Depth]:
        keys, prefixes = [key for key, _ in of], [prefix for _, prefix in of]
        return [Depth(*row) for row in await fetch_raw(tx, statements.DEPTH_OF, keys, prefixes)]

    async def backlog(
        self, tx: AsyncConnection, flow_keys: Sequence[str], *, most: int
    ) -> Mapping[str, Backlog]:
        rows = await fetch_raw(tx, statements.BACKLOG, list(flow_keys), most)
        return {key: Backlog(Depth(*sums), oldest) for key, *sums, oldest in rows}

    async def unsent(self, tx: AsyncConnection, *, most: int) -> Unsent | None:
        return None

    def worker(self, lanes: Sequence[Lane], identity: uuid.UUID) -> QueueConsumer:
        return QueueConsumer(
            lambda heard: self._queue(identity, heard),
            Presence(self._direct, identity, schema=self._schema, heartbeat=self._heartbeat),
            lanes,
            stop_timeout=self._stop_timeout,
        )

    @asynccontextmanager
    async def _queue(self, me: uuid.UUID, heard: Heard) -> AsyncIterator[QueueConnection]:
        """Open a connection that listens; ``heard`` is told what has come."""

        def notified(_connection: object, _pid: object, _channel: object, told: object) -> None:
            flow_key, _, priority = str(told).partition(" ")
            # A process of an older version says no priority, or one that there is not any more.
            level = int(priority) if priority.isdecimal() else HIGHEST + 1
            heard(flow_key, level if level <= HIGHEST else None)

        async with self._connected(CLAIMING) as connection:
            await connection.add_listener(self._said(statements.CHANNEL), notified)
            yield QueueConnection(connection, me, self._heartbeat, self._schema)

    @asynccontextmanager
    async def _connected(
        self, settings: Mapping[str, str] | None = None
    ) -> AsyncIterator[asyncpg.Connection]:
        connection = await connect(self._direct, settings=settings, command_timeout=60)
        try:
            yield connection
        finally:
            try:
                await connection.close(timeout=2)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()

    def _said(self, statement: str) -> str:
        return in_schema(statement, self._schema)
