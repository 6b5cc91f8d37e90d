"""That a process lives: a session that holds a lock, and a heartbeat, in a thread of their own.

The session ends with the process, so others know at once that it is gone. The heartbeat stops with
a process that hangs. Both go on while the event loop of the work stands still, because a process
that is busy is not dead.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from contextlib import suppress
from datetime import timedelta

import asyncpg
import structlog

from app.connections.faults import Fault
from app.connections.postgres import connect
from app.connections.schema import in_schema
from app.engine.postgres import consumer_statements

PAUSE = 0.3
"""Seconds until a session that was lost is made anew: sooner than it is missed."""
ANSWER_WITHIN = 10.0
"""Seconds for one statement."""
STOP_WITHIN = 3.0
"""Seconds for the row to be taken away at the end. What stays is found by others."""

log = structlog.get_logger("sluice.engine")


class Presence:
    """``async with``: inside, the consumer is registered, or will be as soon as it can be."""

    def __init__(self, dsn: str, me: uuid.UUID, *, schema: str, heartbeat: timedelta) -> None:
        self._dsn = dsn
        self._me = me
        self._schema = schema
        self._every = heartbeat.total_seconds() / 3
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sluice presence", daemon=True)
        self._task: asyncio.Task[None] | None = None
        self._registered = threading.Event()
        self._ended = asyncio.Event()
        self._outside: asyncio.AbstractEventLoop | None = None
        self._fault = Fault(log, "presence_not_shown")

    async def __aenter__(self) -> Presence:
        self._outside = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: the thread has broken down
            self._loop.call_soon_threadsafe(self._cancel)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                await self._ended.wait()

    @property
    def registered(self) -> bool:
        """Whether others know of us: what is claimed before that, they would take over."""
        return self._registered.is_set()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        with (
            asyncio.Runner(loop_factory=lambda: self._loop) as runner,
            suppress(asyncio.CancelledError),
        ):
            runner.run(self._live())
        if self._outside is not None:
            with suppress(RuntimeError):  # it is closed: nobody waits any more
                self._outside.call_soon_threadsafe(self._ended.set)

    async def _live(self) -> None:
        self._task = asyncio.current_task()
        while True:
            try:
                await self._session()
            except Exception as error:  # noqa: BLE001 - told, with its place if nothing is away
                self._fault.seen(error)
            await asyncio.sleep(PAUSE)

    async def _session(self) -> None:
        connection = await connect(self._dsn, settings={"application_name": "sluice presence"})
        try:
            number = await self._say(connection, consumer_statements.REGISTER, self._me)
            await self._say(connection, consumer_statements.LOCK, number)
            self._registered.set()
            self._fault.over()
            while True:
                await asyncio.sleep(self._every)
                if await self._say(connection, consumer_statements.BEAT, self._me) != number:
                    return  # others thought us gone, and have taken our row away
        except asyncio.CancelledError:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._say(connection, consumer_statements.UNREGISTER, self._me)
            raise
        finally:
            connection.terminate()

    async def _say(self, connection: asyncpg.Connection, statement: str, value: object) -> object:
        said = in_schema(statement, self._schema)
        return await connection.fetchval(said, value, timeout=ANSWER_WITHIN)
