"""Executing the items of a sample side by side, until they have ended or it must stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from pydantic import BaseModel

from app.errors import SluiceError
from app.store.statuses import ItemStatus
from app.workflows.attempts.attempt_result import AttemptResult
from app.workflows.contract.context import Cost
from app.workflows.previews import PreviewService
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.samples.result_diff import bounded_diff
from app.workflows.samples.tally import SampleStop, SampleTally

GRACE = 2.0
"""Seconds for which code that was told to end is waited for. Some does not end."""
_BROKEN_OFF = frozenset({ItemStatus.FAILED, ItemStatus.TIMED_OUT, ItemStatus.PENDING})


class _NoMore(Exception):
    """An item's turn has come, and none is to begin any more."""


class _NotNow(Exception):
    """An item's turn has come, and whoever is called wants no call just now."""


@dataclass(slots=True)
class SampleExecution:
    """
    Args:
        places: of this process, which all samples share. They are taken behind the flow key's
            permit, so that who waits for that takes no place from others.
        deadline: by the event loop's clock.
    """

    previews: PreviewService
    bound: BoundFamily
    params: BaseModel
    tally: SampleTally
    places: asyncio.Semaphore
    deadline: float
    _at_work: dict[str, float] = field(default_factory=dict)
    """Since when, by the same clock."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _busy: set[asyncio.Task[None]] = field(default_factory=set)
    """Those of them that have an item in hand, and not only in line."""
    _held_until: float = 0.0
    """Likewise: until then whoever is called wants no call."""
    _refusal: SluiceError | None = None

    async def go(
        self, item_ids: Sequence[str], at_once: int, endless: set[asyncio.Task[None]]
    ) -> None:
        """
        Args:
            at_once: items at the most.
            endless: is given what did not end although it was told to.

        Raises:
            SluiceError: nothing could begin: see ``app.flow.caller_gate``.
        """
        waiting, width = iter(item_ids), min(at_once, len(item_ids))
        self._tasks = {asyncio.create_task(self._work(waiting)) for _ in range(width)}
        tasks = set(self._tasks)
        if not tasks:
            return
        try:
            await asyncio.wait(
                tasks, timeout=max(0.0, self._left()), return_when=asyncio.FIRST_EXCEPTION
            )
            if not all(task.done() for task in tasks):
                self.tally.stop(SampleStop.DEADLINE, "The time of the sample is over.")
        finally:
            for task in tasks:
                task.cancel()
            _, hung = await asyncio.wait(tasks, timeout=GRACE)
            endless |= hung
            for task in hung:
                task.add_done_callback(endless.discard)
        for task in tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error
        if self._refusal is not None and not self.tally.begun:
            raise self._refusal
        for since in self._at_work.values():
            self.tally.cut_off(_now() - since, Cost())
        self._at_work.clear()

    async def _work(self, waiting: Iterator[str]) -> None:
        """One item after the other."""
        task = _task()
        for item_id in waiting:
            if self.tally.stopped is not None:
                return
            try:
                verdict = await self._previewed(item_id)
            except _NoMore:
                return
            except SluiceError as refusal:
                self._refusal = refusal
                self.tally.stop(SampleStop.REFUSED, refusal.detail)
                self._empty_the_line()
                return
            if task.cancelling():
                return
            if verdict.status is ItemStatus.SUCCEEDED:
                await self._compare(item_id, verdict)
            self._busy.discard(task)

    async def _previewed(self, item_id: str) -> AttemptResult:
        while True:
            await asyncio.sleep(self._held_until - _now())
            try:
                return await self.previews.preview(
                    self.bound,
                    item_id,
                    self.params,
                    patience=self._left() + GRACE,  # past the deadline, which ends it first
                    turn=partial(self._execute, item_id),
                )
            except _NotNow:
                continue

    async def _execute(
        self, item_id: str, execute: Callable[[], Awaitable[AttemptResult]]
    ) -> AttemptResult:
        """Counted while its turn is held: the next one knows what has been spent."""
        async with self.places:
            if self.tally.stopped is not None:
                raise _NoMore
            if self._held_until > _now():
                raise _NotNow
            task = _task()
            self._busy.add(task)
            self.tally.begun += 1
            self._at_work[item_id] = _now()
            try:
                verdict = await execute()
            finally:
                in_time = self._at_work.pop(item_id, None) is not None
            if not in_time:
                return verdict  # counted as cut off, and answered
            # An attempt takes being told to end for a failure like others.
            if task.cancelling() and verdict.status in _BROKEN_OFF:
                self.tally.cut_off(verdict.work_ms / 1_000, verdict.spent)
            else:
                self.tally.add(item_id, verdict)
                self._heed(verdict)
                self._empty_the_line()
            return verdict

    def _empty_the_line(self) -> None:
        """Where none is to begin any more, nobody waits for a turn that may be long in coming."""
        if self.tally.stopped is not None:
            for task in self._tasks - self._busy:
                task.cancel()

    def _heed(self, verdict: AttemptResult) -> None:
        """In a run nothing would start meanwhile; workers are told nothing of it by a preview."""
        if verdict.hold is None:
            return
        self._held_until = max(self._held_until, _now() + verdict.hold.total_seconds())
        if self._held_until >= self.deadline:
            self.tally.stop(SampleStop.REFUSED, f"{verdict.error_class}: {verdict.error_message}")

    async def _compare(self, item_id: str, verdict: AttemptResult) -> None:
        try:
            before = await self.previews.stored(self.bound, item_id, self.params)
        except SluiceError as error:
            self.tally.comparison_fault = error.detail
            return
        if before is not None:
            # In a thread: for a large result it may take as long as many other answers.
            diff = await asyncio.to_thread(bounded_diff, before, verdict.history.value)
            self.tally.compare(item_id, diff)

    def _left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - _now()


def _task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("Items of a sample are executed within a task.")
    return task


def _now() -> float:
    return asyncio.get_running_loop().time()
