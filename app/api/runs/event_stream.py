"""A run's events and progress, as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass

from fastapi.sse import ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncEngine

from app.schemas.events import EventView, ProgressView
from app.store.database import reading
from app.store.run_notifications import RunNotifications
from app.store.runs import events, runs
from app.store.statuses import ENDED, EventKind
from app.store.tables.runs import Run
from app.workflows.throttles.looks import ThrottleLooks

BATCH = 100
"""Events read at a time: a slow reader makes us wait, not remember."""


@dataclass(frozen=True, slots=True)
class Follower:
    """
    Args:
        turns: at the database, of all streams together.
        stopping: set when whoever follows must be let go.
        between: seconds between two looks, at the least.
        behind: seconds between two looks while nothing happens, at the most: a notification may
            be lost, and counters notify nobody.
        silence: seconds after which a comment shows that the connection lives.
    """

    database: AsyncEngine
    turns: asyncio.Semaphore
    changes: RunNotifications
    throttles: ThrottleLooks
    stopping: asyncio.Event
    between: float = 0.25
    behind: float = 1.0
    silence: float = 15.0

    async def follow(self, run_id: str, after_id: int) -> AsyncGenerator[ServerSentEvent, None]:
        """Every event after ``after_id``, and the progress in between, until the run has ended.

        Also ends when the run is deleted.
        """
        with self.changes.of(run_id) as changed:
            waker = asyncio.create_task(_wake(self.stopping, changed))
            try:
                async with aclosing(self._watch(run_id, after_id, changed)) as messages:
                    async for message in messages:
                        yield message
            finally:
                waker.cancel()

    async def _watch(
        self, run_id: str, after_id: int, changed: asyncio.Event
    ) -> AsyncGenerator[ServerSentEvent, None]:
        clock = asyncio.get_running_loop().time
        shown: ProgressView | None = None
        spoke, pause = clock(), self.between
        while not self.stopping.is_set():
            changed.clear()
            looked = clock()
            found = await self._look(run_id, after_id)
            if found is None:
                return
            run, progress, happened = found
            news = _news(happened, progress if progress.differs(shown) else None)
            shown = progress
            for message in news:
                yield message
            if happened:
                after_id = happened[-1].id
            if len(happened) == BATCH:
                continue
            if run.status in ENDED:
                return
            pause = self.between if news else min(2 * pause, self.behind)
            if news or clock() - spoke >= self.silence:
                spoke = clock()
                if not news:
                    yield ServerSentEvent(comment="nothing new")
            await asyncio.sleep(looked + self.between - clock())
            with suppress(TimeoutError):
                async with asyncio.timeout_at(looked + pause):
                    await changed.wait()

    async def _look(
        self, run_id: str, after_id: int
    ) -> tuple[Run, ProgressView, list[EventView]] | None:
        """The run, its progress and its new events; None: the run was deleted."""
        async with self.turns, reading(self.database) as connection:
            # The run first: what it tells of is then among the events, and is told before it.
            run = await runs.find(connection, run_id)
            found = await events.page_of_events(connection, run_id, after_id=after_id, limit=BATCH)
            if any(event.kind == EventKind.ENDED for event in found):
                run = await runs.find(connection, run_id)  # with its last counters
            if run is None:
                return None
            held = await self.throttles.held(connection, [run.family])
        return run, ProgressView.of(run, held), [EventView.of(event) for event in found]


def _news(happened: list[EventView], progress: ProgressView | None) -> list[ServerSentEvent]:
    news = [
        ServerSentEvent(event=event.kind, id=str(event.id), raw_data=event.model_dump_json())
        for event in happened
    ]
    if progress is not None:
        shown = ServerSentEvent(event="progress", raw_data=progress.model_dump_json())
        # Before the end, so that who leaves with it has the last counters.
        kinds = [event.kind for event in happened]
        place = kinds.index(EventKind.ENDED) if EventKind.ENDED in kinds else len(news)
        news.insert(place, shown)
    return news


async def _wake(stopping: asyncio.Event, changed: asyncio.Event) -> None:
    await stopping.wait()
    changed.set()
