"""PgQueuer as the engine: the only module that imports it.

PgQueuer brings the table, the claim (``FOR UPDATE SKIP LOCKED``), takeover by heartbeat, the
deduplicated batch insert and the notifications. Its own completion deletes a job by its id alone,
in a transaction of its own; ours happens in the handler's transaction and only for the present
token, so an outcome and the end of its message are one commit. docs/decisions/0002 says more.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.queries import Queries
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Delivery, Depth, Handler, Outgoing, Room
from app.engine.consumer import Consumer

_QUEUE = DBSettings().queue_table
_LOG = DBSettings().queue_table_log
_CHANNEL = DBSettings().channel

# Hot statements go to the driver as they stand: compiling them costs more than running them.
_OURS = """q.id = t.id AND q.attempts = t.attempts
    AND q.queue_manager_id = $3::uuid AND q.status = 'picked'"""
_COMPLETE = f"""
    DELETE FROM {_QUEUE} q USING unnest($1::bigint[], $2::int[]) AS t(id, attempts)
    WHERE {_OURS} RETURNING q.id, t.attempts
"""  # noqa: S608 - the table's name is PgQueuer's own
_REDELIVER = f"""
    UPDATE {_QUEUE} q
    SET status = 'queued', queue_manager_id = NULL, attempts = q.attempts + 1,
        execute_after = now() + t.delay, updated = now()
    FROM unnest($1::bigint[], $2::int[], $4::interval[]) AS t(id, attempts, delay)
    WHERE {_OURS} RETURNING q.id, t.attempts
"""  # noqa: S608
_HOLDS = f"""
    SELECT q.id FROM {_QUEUE} q, (SELECT $1::bigint AS id, $2::int AS attempts) AS t
    WHERE {_OURS} FOR UPDATE OF q
"""  # noqa: S608
_WITHDRAW = f"""
    DELETE FROM {_QUEUE} WHERE dedupe_key = ANY($1::text[]) AND status = 'queued'
"""  # noqa: S608
_IN_HAND = f"""
    SELECT dedupe_key FROM {_QUEUE} WHERE dedupe_key = ANY($1::text[]) AND status = 'picked'
"""  # noqa: S608
MOST_DEAD = 20_000
_DEAD = f"SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = '{_QUEUE}'::regclass"  # noqa: S608
_DEPTH = text(
    f"""
    SELECT entrypoint, count(*) FILTER (WHERE status = 'queued'),
           count(*) FILTER (WHERE status = 'picked')
    FROM {_QUEUE} GROUP BY entrypoint
    """  # noqa: S608
)
_GIVE_BACK = f"""
    UPDATE {_QUEUE} SET status = 'queued', queue_manager_id = NULL, execute_after = now()
    WHERE queue_manager_id = $1 AND status = 'picked' AND entrypoint = ANY($2::text[])
"""  # noqa: S608

# A takeover from a dead worker is a new delivery: it counts, and it makes the old token void.
# The queue's log would be three rows a message that nobody reads; items and runs are our log.
_TRIGGERS = f"""
CREATE OR REPLACE FUNCTION sluice_taken_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.attempts := OLD.attempts + 1; RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER sluice_taken_over BEFORE UPDATE OF queue_manager_id ON {_QUEUE}
FOR EACH ROW WHEN (OLD.status = 'picked' AND NEW.status = 'picked'
    AND OLD.queue_manager_id IS DISTINCT FROM NEW.queue_manager_id)
EXECUTE FUNCTION sluice_taken_over();
CREATE OR REPLACE FUNCTION sluice_keep_no_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER sluice_keep_no_log BEFORE INSERT ON {_LOG}
FOR EACH ROW EXECUTE FUNCTION sluice_keep_no_log();
"""

# Claims and heartbeats need no flush: one that a crash of Postgres undoes is only made again.
# Plans by index: one made while the queue is empty would later read all of it.
_CLAIMING = {
    "synchronous_commit": "off",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}

# Whatever the connection says, a new one is the cure: a restart ends it with an ordinary error of
# Postgres, and a cut in the middle of a message with an internal one of the driver.
UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class Claims:
    """One dedicated connection through which a worker claims messages and says that it lives."""

    def __init__(self, queries: Queries, me: uuid.UUID, heartbeat: timedelta) -> None:
        self._queries = queries
        self._me = me
        self._heartbeat = heartbeat

    async def claim(self, flow_keys: Iterable[str], limit: int) -> list[Delivery]:
        jobs = await self._queries.dequeue(
            batch_size=limit,
            entrypoints={
                QueueEntrypoint(key): EntrypointExecutionParameter(concurrency_limit=0)
                for key in flow_keys
            },
            queue_manager_id=QueueManagerId(self._me),
            global_concurrency_limit=None,
            heartbeat_timeout=self._heartbeat,
        )
        return [
            Delivery((job.id, job.attempts), job.entrypoint, job.payload or b"", job.attempts + 1)
            for job in jobs
        ]

    async def next_due(self, flow_keys: Iterable[str]) -> timedelta | None:
        return await self._queries.next_deferred_eta([QueueEntrypoint(key) for key in flow_keys])

    async def beat(self, tokens: Iterable[tuple[int, int]]) -> None:
        await self._queries.driver.execute(
            f"UPDATE {_QUEUE} SET heartbeat = now()"  # noqa: S608
            " WHERE id = ANY($1::bigint[]) AND queue_manager_id = $2",
            [job_id for job_id, _ in tokens],
            self._me,
        )

    async def give_back(self, flow_keys: Iterable[str]) -> None:
        """Let others have at once whatever this worker still holds of these keys."""
        await self._queries.driver.execute(_GIVE_BACK, self._me, list(flow_keys))
        await self._queries.driver.notify(_CHANNEL, '{"operation" : "insert"}')


class PgQueuerEngine:
    """An ``Engine`` on the Postgres that our own tables are in."""

    def __init__(
        self,
        database: AsyncEngine,
        dsn: str,
        *,
        heartbeat: timedelta = timedelta(seconds=30),
        stop_timeout: timedelta = timedelta(seconds=20),
    ) -> None:
        self._database = database
        self._dsn = dsn
        self._heartbeat = heartbeat
        self._stop_timeout = stop_timeout
        self._me = uuid.uuid4()

    async def install(self) -> None:
        async with self._connected() as connection:
            queries = Queries(AsyncpgDriver(connection))
            await connection.execute("SELECT pg_advisory_lock(hashtext('sluice.install'))")
            if await queries.schema_is_installed():
                await queries.upgrade()
            else:
                await queries.install()
            await queries.optimize_autovacuum()
            await connection.execute(_TRIGGERS)

    async def publish(self, tx: AsyncConnection, messages: Sequence[Outgoing]) -> int:
        if not messages:
            return 0
        connection: asyncpg.Connection = (await tx.get_raw_connection()).driver_connection
        if not connection.is_in_transaction():
            # SQLAlchemy begins with the first statement; publishing must never come before it.
            await tx.execute(text("SELECT 1"))
        ids = await Queries(AsyncpgDriver(connection)).enqueue(
            [m.flow_key for m in messages],
            [m.payload for m in messages],
            [m.priority for m in messages],
            execute_after=[m.delay for m in messages],
            dedupe_key=[m.id for m in messages],
            on_conflict="skip",
        )
        return sum(job_id is not None for job_id in ids)

    async def complete(
        self, tx: AsyncConnection, deliveries: Iterable[Delivery]
    ) -> set[tuple[int, int]]:
        return await self._settle(tx, _COMPLETE, list(deliveries))

    async def redeliver(
        self, tx: AsyncConnection, later: Sequence[tuple[Delivery, timedelta]]
    ) -> set[tuple[int, int]]:
        delays = [delay for _, delay in later]
        return await self._settle(tx, _REDELIVER, [d for d, _ in later], delays)

    async def holds(self, tx: AsyncConnection, delivery: Delivery) -> bool:
        values = (*delivery.token, self._me)
        return (await tx.exec_driver_sql(_HOLDS, values)).first() is not None

    async def withdraw(self, tx: AsyncConnection, ids: Sequence[str]) -> set[str]:
        await tx.exec_driver_sql(_WITHDRAW, (list(ids),))
        # Looked at afterwards: a claim that the deletion waited for is in hand now.
        return set((await tx.exec_driver_sql(_IN_HAND, (list(ids),))).scalars())

    async def tidy(self) -> None:
        # Autovacuum looks once a minute; in that time 100,000 messages leave as many dead entries
        # at the front of the index that each claim begins to read at.
        async with self._connected() as connection:
            if (await connection.fetchval(_DEAD) or 0) > MOST_DEAD:
                await connection.execute(f"VACUUM (TRUNCATE FALSE) {_QUEUE}")

    async def _settle(
        self, tx: AsyncConnection, statement: str, deliveries: list[Delivery], *more: object
    ) -> set[tuple[int, int]]:
        ids = [delivery.token[0] for delivery in deliveries]
        attempts = [delivery.token[1] for delivery in deliveries]
        rows = await tx.exec_driver_sql(statement, (ids, attempts, self._me, *more))
        return {(row["id"], row["attempts"]) for row in rows.mappings()}

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
    async def _claims(self, wake: Callable[[], None]) -> AsyncIterator[Claims]:
        """Open a connection that listens; ``wake`` is called when a message may have come."""

        def notified(_connection: object, _pid: object, _channel: object, payload: str) -> None:
            # Completions notify too; only new messages are worth a look.
            if '"insert"' in payload:
                wake()

        async with self._connected(_CLAIMING) as connection:
            await connection.add_listener(_CHANNEL, notified)
            yield Claims(Queries(AsyncpgDriver(connection)), self._me, self._heartbeat)

    @asynccontextmanager
    async def _connected(
        self, settings: Mapping[str, str] | None = None
    ) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(
            self._dsn, timeout=10, command_timeout=60, server_settings=dict(settings or {})
        )
        try:
            yield connection
        finally:
            try:
                await connection.close(timeout=2)
            except UNREACHABLE:
                connection.terminate()
