"""Whether a delivery of an item has anything left to do, or all that is left of it waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.store.steps.steps import StepRecord
from app.workflows.contract.exceptions import StepMisused

QUIET = 0.05
"""Seconds in which nothing of an item moves before it is taken to wait, where tasks of it wait side
by side: one of them may be about to ask for its next step."""
PATIENCE = 5.0
"""Seconds for the tasks of an item to end that has ended itself."""


@dataclass(slots=True)
class PendingWait:
    """A step that waits. ``left``: for how long; None: without a time limit.

    ``fresh``: the journal does not know of it yet.
    """

    record: StepRecord
    left: timedelta | None
    fresh: bool


class ItemSuspended(Exception):
    """All that is left of the item waits: it gives back its worker and its slot."""

    def __init__(self, waits: list[PendingWait]) -> None:
        super().__init__("The item waits.")
        self.waits = waits


class SuspensionMonitor:
    """Cancels ``execute`` when all that is left of it waits, and nothing else is at work.

    By cancellation, as a timeout does: whatever the author wrote to clean up is run, and an
    ``except Exception`` does not catch it.
    """

    __slots__ = (
        "_at_work", "_idle", "_main", "_moves", "_over", "_tasks", "_waits", "open",
    )  # fmt: skip

    def __init__(self) -> None:
        self.open = False
        self._main: asyncio.Task[object] | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        self._waits: dict[str, tuple[PendingWait, float | None]] = {}
        self._at_work = 0
        self._moves = 0
        self._over = False

    def begin(self, task: asyncio.Task[Any]) -> None:  # a task returns what it likes
        """``task``, the current one, is that which executes the item."""
        self.open = True
        self._main = task

    def enter(self) -> bool:
        """A task of the item is about to ask for a step. Returns whether it is ``execute`` itself.

        Raises:
            StepMisused: it is not within ``execute``.
            CancelledError: the item has ended, or waits: nothing of it begins any more.
        """
        task = asyncio.current_task()
        if not self.open and task not in self._tasks - {self._main}:
            raise StepMisused("Steps belong to execute: load and save have none.")
        if self._over or not self.open:
            raise asyncio.CancelledError
        if task is not None:
            self._tasks.add(task)
        self._moves += 1
        return task is self._main

    @contextmanager
    def working(self) -> Iterator[None]:
        """A step is at work."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            self._moves += 1
            if not self._at_work:
                if not self.open:
                    self._idle.set()
                elif self._waits:
                    self._rest_soon()

    async def wait(self, wait: PendingWait) -> None:
        """Return when the time is over, should something else keep the item here for so long."""
        self.enter()
        clock = asyncio.get_running_loop().time
        until = None if wait.left is None else clock() + wait.left.total_seconds()
        if until is not None and until <= clock():
            return
        self._waits[wait.record.name] = (wait, until)
        if not self._at_work:
            if asyncio.current_task() is self._main:
                self._rest()
            else:
                self._rest_soon()
        if until is None:
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(until - clock())
        del self._waits[wait.record.name]

    async def end(self, *, cancelled: bool) -> None:
        """``execute`` has ended. Steps at work may end too, so that they are not paid for twice;
        tasks of the item do not outlive it.

        Args:
            cancelled: it was told to end, so nothing of it goes on.

        Raises:
            ItemSuspended: it ended because all that was left of it waits.
        """
        self.open = False
        if not self._tasks:
            return
        self._idle = asyncio.Event()
        if self._at_work and not cancelled:
            await self._idle.wait()
        left = {task for task in self._tasks if task is not self._main and not task.done()}
        for task in left:
            task.cancel()
        if left:
            ended, _ = await asyncio.wait(left, timeout=PATIENCE)
            for task in ended:
                if not task.cancelled():
                    task.exception()  # retrieved: whoever awaited it is gone
        if self._over and self._main is not None:
            self._main.uncancel()
            raise ItemSuspended(list(self._left()))

    def _left(self) -> Iterator[PendingWait]:
        now = asyncio.get_running_loop().time()
        for wait, until in self._waits.values():
            wait.left = None if until is None else timedelta(seconds=max(0.0, until - now))
            wait.record.due_in = wait.left
            yield wait

    def _rest_soon(self) -> None:
        asyncio.get_running_loop().call_later(QUIET, self._rest_if_quiet, self._moves)

    def _rest_if_quiet(self, moves: int) -> None:
        if self.open and self._waits and not self._at_work and moves == self._moves:
            self._rest()

    def _rest(self) -> None:
        if not self._over and self._main is not None:
            self._over = True
            self._main.cancel()
