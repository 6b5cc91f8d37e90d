"""Hearing at once that something happened to a run, or that an event asks for one: by Postgres's
notifications."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from app.connections.faults import Fault
from app.connections.postgres import connect
from app.connections.schema import SCHEMA, in_schema
from app.connections.shared_tasks import shared_task
from app.store.events.starts import CHANNEL as EVENTS
from app.store.runs.events import CHANNEL

RETRY_SECONDS = 1.0
LONGEST_RETRY = 15.0
CHECK_SECONDS = 10.0
"""How often a silent connection is asked whether it lives."""

Hear = Callable[[str | None], None]

log = structlog.get_logger("sluice.run")


class RunNotifications:
    """One listening connection for a process, made when the first listener comes.

    Hearing is an optimisation: whoever listens also looks from time to time.
    """

    def __init__(self, dsn: str, schema: str = SCHEMA) -> None:
        self._dsn = dsn
        self._channel = in_schema(CHANNEL, schema)
        self._events = in_schema(EVENTS, schema)
        self._listeners: set[Hear] = set()
        self._event_listeners: set[Hear] = set()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def heard_by(self, listener: Hear) -> Iterator[None]:
        """While the context is open ``listener`` is given the id of each run that has a new event;
        None: any run may have one."""
        with self._added(self._listeners, listener):
            yield

    @contextmanager
    def events_heard_by(self, listener: Hear) -> Iterator[None]:
        """While the context is open, call ``listener`` with the name of each family for which an
        event has asked; None: any may be."""
        with self._added(self._event_listeners, listener):
            yield

    @contextmanager
    def _added(self, listeners: set[Hear], listener: Hear) -> Iterator[None]:
        listeners.add(listener)
        if self._task is None:
            self._task = shared_task(self._listen())
        try:
            yield
        finally:
            listeners.discard(listener)

    @contextmanager
    def of(self, run_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever this run may have changed; who waits for it clears it."""
        changed = asyncio.Event()

        def hear(heard: str | None) -> None:
            if heard is None or heard == run_id:
                changed.set()

        with self.heard_by(hear):
            yield changed

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        fault, pause = Fault(log, "run_changes_unheard"), RETRY_SECONDS
        while True:
            try:
                connection = await connect(self._dsn, command_timeout=10)
                try:
                    await connection.add_listener(self._channel, self._notified)
                    await connection.add_listener(self._events, self._event_notified)
                    _tell(self._listeners, None)
                    _tell(self._event_listeners, None)
                    fault.over()
                    pause = RETRY_SECONDS
                    while True:
                        await asyncio.sleep(CHECK_SECONDS)
                        await connection.execute("SELECT 1")
                finally:
                    connection.terminate()
            except Exception as error:  # noqa: BLE001 - told, with its place if nothing is away
                fault.seen(error, retry_in=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_RETRY)

    def _notified(self, _connection: object, _pid: object, _channel: object, run_id: str) -> None:
        _tell(self._listeners, run_id)

    def _event_notified(
        self, _connection: object, _pid: object, _channel: object, family: str
    ) -> None:
        _tell(self._event_listeners, family)


def _tell(listeners: set[Hear], heard: str | None) -> None:
    for listener in list(listeners):
        listener(heard)
