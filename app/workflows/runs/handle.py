"""A run in the hands of who started it, within the same process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import BadInput, NotFound, SluiceError
from app.store.database import reading
from app.store.items import items
from app.store.run_notifications import RunNotifications
from app.store.runs import events, runs
from app.store.statuses import ENDED, OUTCOMES, ItemStatus, RunStatus
from app.store.steps import outputs
from app.store.tables.runs import Run, RunEvent
from app.workflows.contract.finished_run import ItemResult
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.run_items import StreamChunk, item_result

BEHIND = 1.0
"""Seconds. Behind the notifications: how often a waiting caller looks at least."""
BETWEEN = 0.1
"""Seconds between two looks at what an item writes, of which nobody is notified; doubled up to
``BEHIND`` while it writes nothing."""
BATCH = 100

ResultT = TypeVar("ResultT")


class RunNotSucceeded(SluiceError):
    """The run failed or was cancelled. ``run``: as it ended."""

    def __init__(self, run: Run) -> None:
        why = run.detail or f"{run.failed + run.timed_out} of its {run.ended} items failed."
        super().__init__(f"Run {run.id} of {run.family} {_WORDS[RunStatus(run.status)]}. {why}")
        self.run = run


_WORDS: Mapping[RunStatus, str] = MappingProxyType(
    {RunStatus.FAILED: "failed", RunStatus.CANCELLED: "was cancelled"}
)


@dataclass(frozen=True, slots=True)
class RunHandle(Generic[ResultT]):
    """``await run.result(timeout=60)``, ``async for item in run.items()``.

    It holds nothing but the run's id: letting it go leaves the run as it is, and another process
    may make one of the same run (``WorkflowClient.run``).
    """

    id: str
    database: AsyncEngine = field(repr=False)
    changes: RunNotifications = field(repr=False)
    families: Mapping[str, BoundFamily] = field(repr=False)
    family: str | None = None
    """Whose results are expected; None: whosever run it is."""
    item_id: str | None = None
    """The one item that it was started for."""

    async def status(self) -> Run:
        """The run as it stands, with its counters.

        Raises:
            NotFound: it was deleted, or never was.
            BadInput: it is another family's.
        """
        async with reading(self.database) as connection:
            run = await runs.get(connection, self.id)
        if self.family not in (None, run.family):
            raise BadInput(f"Run {run.id} belongs to {run.family}, not to {self.family}.")
        return run

    async def wait(self, *, timeout: float | None = None) -> Run:  # noqa: ASYNC109 - the caller's wish
        """Wait for the run's end, however it ends. One that is paused has not ended: somebody has
        to resume, approve or cancel it.

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

    async def counted(self, *, within: float, leave: asyncio.Event | None = None) -> Run:
        """Wait until the run has been counted, and has begun, ended or stopped, or until the time
        is over. Returns the run's state then.

        Args:
            within: seconds.
            leave: set when the caller must be let go.
        """
        with self.changes.of(self.id) as changed:
            run = await self.status()
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    while run.status == RunStatus.PENDING and not (leave and leave.is_set()):
                        await _heard(changed)
                        run = await self.status()
        return run

    async def result(self, *, timeout: float | None = None) -> Run:  # noqa: ASYNC109 - the caller's wish
        """Wait for the run's end, and return the run with its counters: it has the status
        ``succeeded`` or ``partial``. ``items`` says which of its items failed.

        Args:
            timeout: seconds; None: as long as it takes.

        Raises:
            RunNotSucceeded: it failed or was cancelled.
            TimeoutError: it has not ended by then. It goes on.
        """
        run = await self.wait(timeout=timeout)
        if run.status in _WORDS:
            raise RunNotSucceeded(run)
        return run

    async def items(
        self, *, status: ItemStatus | str | None = None
    ) -> AsyncGenerator[ItemResult[ResultT], None]:
        """The run's items as they stand now, by id, read page by page.

        Args:
            status: only these, such as ``"failed"``.

        Raises:
            BadInput: no item has such a status.
            Conflict: the family does not read a result any more.
        """
        wanted = None if status is None else _status(status)
        run = await self.status()
        bound, finish = self.families.get(run.family), run.finish_of is not None
        after: str | None = None
        while True:
            async with reading(self.database) as connection:
                page = await items.page_of_items(
                    connection, self.id, status=wanted, after_id=after, limit=BATCH
                )
            for item in page:
                yield item_result(bound, item, finish=finish)
            if len(page) < BATCH:
                return
            after = page[-1].item_id

    async def stream(self, item_id: str | None = None) -> AsyncGenerator[StreamChunk, None]:
        """What one item writes with ``ctx.stream``, the oldest first, until it has its outcome.

        Args:
            item_id: None: the one that the run was started for by ``trigger_execute``.

        Raises:
            BadInput: the run was not started for one item, so one must be named.
            NotFound: the run has ended without it.
        """
        named = item_id or self.item_id
        if named is None:
            raise BadInput("Say which item: run.stream(item_id).", field="itemId")
        after, pause = 0, BETWEEN
        while True:
            run = await self.status()
            async with reading(self.database) as connection:
                # In this order: whatever an item wrote was committed before its outcome.
                item = await items.find(connection, self.id, named)
                found = await outputs.page_of_output(
                    connection, self.id, named, after_id=after, limit=BATCH
                )
            for output in found:
                yield (chunk := StreamChunk.of(output))
                after = chunk.id
            if len(found) == BATCH:
                continue
            if item is None and run.status in ENDED:
                raise NotFound(f"Run {self.id} has no item {named!r}.", field="itemId")
            if item is not None and item.status in OUTCOMES:
                return
            pause = BETWEEN if found else min(2 * pause, BEHIND)
            await asyncio.sleep(pause)

    async def events(self, *, after_id: int = 0) -> AsyncGenerator[RunEvent, None]:
        """The run's events, the oldest first, past and future, up to its end."""
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


def _status(word: str) -> ItemStatus:
    try:
        return ItemStatus(word)
    except ValueError:
        raise BadInput(
            f"No item has the status {word!r}: it is one of {', '.join(ItemStatus)}.",
            field="status",
        ) from None
