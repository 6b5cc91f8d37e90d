"""A run in the hands of who started it, within the same process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.database import reading
from app.store.run_notifications import RunNotifications
from app.store.runs import events, runs
from app.store.statuses import ENDED
from app.store.tables.runs import Run, RunEvent

BEHIND = 1.0
"""Seconds. Behind the notifications: how often a waiting caller looks at least."""
BATCH = 100


@dataclass(frozen=True, slots=True)
class RunHandle:
    """``async for event in handle.events()``, ``await handle.result(timeout=60)``.

    It holds nothing but the run's id: letting it go leaves the run as it is, and another process
    may make one of the same run (``WorkflowClient.handle``).
    """

    id: str
    database: AsyncEngine
    changes: RunNotifications

    async def status(self) -> Run:
        """The run as it stands, with its counters.

        Raises:
            NotFound: it was deleted, or never was.
        """
        async with reading(self.database) as connection:
            return await runs.get(connection, self.id)

    async def result(self, *, timeout: float | None = None) -> Run:  # noqa: ASYNC109 - the caller's wish
        """Wait for the run's end, however it ends; a paused run has not ended.

        Args:
            timeout: seconds; None: as long as it takes.

        Raises:
            TimeoutError: it has not ended by then. It goes on.
        """
        async with asyncio.timeout(timeout):
            with self.changes.of(self.id) as changed:
                while (run := await self.status()).status not in ENDED:
                    await _heard(changed)
                return run

    async def events(self, *, after_id: int = 0) -> AsyncGenerator[RunEvent, None]:
        """What happened to the run and what happens, the oldest first, up to its end."""
        with self.changes.of(self.id) as changed:
            while True:
                run = await self.status()
                async with reading(self.database) as connection:
                    found = await events.page_of_events(
                        connection, self.id, after_id=after_id, limit=BATCH
                    )
                for event in found:
                    after_id = event.id or after_id
                    yield event
                # Asked before the events: those that came with the end are among them.
                if len(found) < BATCH:
                    if run.status in ENDED:
                        return
                    await _heard(changed)


async def _heard(changed: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(BEHIND):
            await changed.wait()
    changed.clear()
