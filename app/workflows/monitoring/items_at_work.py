"""What a worker's items are doing just now, for whoever looks: in Redis, from where it is gone a
moment after the worker is. Nothing else depends on it.

An item and a step write nothing when they begin, which most of them would only undo at once. What
takes longer than a second is told, once a second for all items together.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Self

from redis.asyncio import Redis

from app.connections.faults import Fault, fault

TOLD_AFTER = 1.0
"""Seconds that an item, or a step of it, is at work before it is told."""
EVERY = 1.0
"""Seconds between two times."""
STALE = 15.0
"""Seconds without a word of it, after which nobody believes that it still is."""
MOST = 500
"""Items of a worker that are told: those that have been at work longest."""

Place = tuple[str, str]
"""Run and item."""


@dataclass(slots=True)
class StepAtWork:
    """``attempt``: which one of the step's tries, from 1. ``since``: Unix seconds."""

    name: str
    attempt: int
    since: float


@dataclass(slots=True)
class ItemAtWork:
    """``attempt``: at the item, from 1. ``since``: Unix seconds."""

    attempt: int
    since: float
    steps: dict[str, StepAtWork] = field(default_factory=dict)

    def begin(self, step: str, attempt: int) -> None:
        self.steps[step] = StepAtWork(step, attempt, time.time())

    def end(self, step: str) -> None:
        self.steps.pop(step, None)


class ItemsAtWork:
    """Of one worker."""

    def __init__(self) -> None:
        self._items: dict[Place, ItemAtWork] = {}

    def begin(self, run_id: str, item_id: str, attempt: int) -> ItemAtWork:
        self._items.pop((run_id, item_id), None)  # the order is that in which they began
        item = self._items[run_id, item_id] = ItemAtWork(attempt, time.time())
        return item

    def end(self, run_id: str, item_id: str, item: ItemAtWork) -> None:
        """Unless another delivery has begun the same one meanwhile."""
        if self._items.get((run_id, item_id)) is item:
            del self._items[run_id, item_id]

    def long(self, now: float) -> Mapping[Place, ItemAtWork]:
        """Those that are worth telling, the longest first."""
        found: dict[Place, ItemAtWork] = {}
        for place, item in self._items.items():  # in the order in which they began
            if len(found) == MOST or item.since > now - TOLD_AFTER:
                break
            found[place] = item
        return found


@dataclass(frozen=True, slots=True)
class WorkReport:
    """An item that is at work. ``since``: Unix seconds; ``seen``: when its worker said so."""

    worker: str
    host: str
    attempt: int
    since: float
    seen: float
    steps: tuple[StepAtWork, ...] = ()

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        told = json.loads(text)
        return cls(**told | {"steps": tuple(StepAtWork(**step) for step in told["steps"])})


class WorkBoard:
    """A hash for each run, of its items that have been at work for a while."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = f"{prefix}:at-work"

    async def of(self, run_id: str, item_id: str) -> WorkReport | None:
        """The report of the item's worker; None: the item is not at work, or has only just
        begun."""
        text = await self._redis.hget(self._name(run_id), item_id)
        report = None if text is None else WorkReport.read(text)
        return report if report and report.seen > time.time() - STALE else None

    async def tell(self, reports: Mapping[Place, WorkReport], over: Collection[Place] = ()) -> None:
        """Write reports, and delete those of items that are over, in one round trip."""
        of_runs: dict[str, dict[str, str]] = defaultdict(dict)
        for (run_id, item_id), report in reports.items():
            of_runs[run_id][item_id] = json.dumps(asdict(report))
        async with self._redis.pipeline(transaction=False) as pipeline:
            for run_id, item_id in over:
                pipeline.hdel(self._name(run_id), item_id)
            for run_id, texts in of_runs.items():
                pipeline.hset(
                    self._name(run_id), items=[part for pair in texts.items() for part in pair]
                )
                pipeline.expire(self._name(run_id), int(STALE))
            await pipeline.execute()

    def _name(self, run_id: str) -> str:
        return f"{self._prefix}:{run_id}"


@dataclass(slots=True)
class WorkTeller:
    """What a worker runs beside its work."""

    board: WorkBoard
    items: ItemsAtWork
    worker_id: str
    _told: set[Place] = field(default_factory=set)
    _fault: Fault = field(default_factory=lambda: fault("sluice.worker", "work_not_told"))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.tell()
                self._fault.over()
            except Exception as error:  # noqa: BLE001 - the work goes on, and the next time tells
                self._fault.seen(error)

    async def tell(self) -> None:
        now, host = time.time(), socket.gethostname()
        reports = {
            place: WorkReport(
                self.worker_id,
                host,
                item.attempt,
                item.since,
                now,
                tuple(step for step in item.steps.values() if step.since <= now - TOLD_AFTER),
            )
            for place, item in self.items.long(now).items()
        }
        over = self._told - reports.keys()
        if reports or over:
            await self.board.tell(reports, over)
        self._told = set(reports)
