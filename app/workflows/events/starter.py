"""Starts runs for the items that events have asked for.

Every worker runs one. The rows that it takes are locked until their run is committed with what is
said of them: whoever dies, an item either has its run, or still waits (docs/decisions/0039).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.faults import Fault
from app.engine import Engine
from app.errors import BadInput, Conflict
from app.store.database import reading
from app.store.events import starts
from app.store.events.starts import TakenStart, WaitingStarts
from app.store.run_notifications import RunNotifications
from app.workflows.contract.cron import Overlap
from app.workflows.contract.exceptions import FamilyFailed
from app.workflows.events.subscriptions import Subscriptions
from app.workflows.keys import values_key
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.runs.request import RunRequest, new_run
from app.workflows.runs.start import start_run
from app.workflows.serialization.params import KeptParams

LOOK_SECONDS = 5.0
"""Between two looks when nothing is heard."""
SOONEST = 0.1
"""Between two looks at the least. What comes meanwhile is gathered: thousands of events a second
become ten runs, and an event that comes alone waits for nothing."""
SIZE = 100
"""Items of a run for an event that the family names no more."""

log = structlog.get_logger("sluice.event")

Key = tuple[str, str]
"""A family, and the name of an event."""


@dataclass(frozen=True, slots=True)
class _Behind:
    """A family waits for the end of this run; ``until``: of a monotonic clock, when it is tried
    whatever was heard."""

    run_id: str
    until: float


@dataclass(slots=True)
class _Batch:
    """How many groups of the same params were settled, and how many of them have a run."""

    settled: int = 0
    runs: int = 0


@dataclass(frozen=True, slots=True)
class EventStarter:
    database: AsyncEngine
    engine: Engine
    families: Mapping[str, BoundFamily]
    changes: RunNotifications
    every: float = LOOK_SECONDS
    _behind: dict[str, _Behind] = field(default_factory=dict)
    """By family."""
    _stumbling: dict[Key, Fault] = field(default_factory=dict)
    _subscriptions: Subscriptions = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_subscriptions", Subscriptions.of(self.families))

    async def run(self) -> None:
        """Until cancelled."""
        fault, wake = Fault(log, "event_starter_stumbled"), asyncio.Event()
        heard: set[str | None] = set()

        def asked(family: str | None) -> None:
            if family is None or family in self.families:
                wake.set()

        def changed(run_id: str | None) -> None:
            heard.add(run_id)
            if self._is_freed(heard):
                wake.set()

        with self.changes.events_heard_by(asked), self.changes.heard_by(changed):
            while True:
                wake.clear()
                heard.clear()
                pause = self.every
                try:
                    _, ahead = await self._start_due()
                    # A run may have ended after it stood in the way, and before that was noted.
                    pause = 0.0 if self._is_freed(heard) else ahead
                    fault.over()
                except Exception as error:  # noqa: BLE001 - the next look tries again
                    fault.seen(error)
                await asyncio.sleep(SOONEST)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await wake.wait()

    def _is_freed(self, changed: Collection[str | None]) -> bool:
        """Whether a family waits no more for one of these runs; None: any may be among them."""
        freed = [
            family
            for family, behind in self._behind.items()
            if None in changed or behind.run_id in changed
        ]
        for family in freed:
            del self._behind[family]
        return bool(freed)

    async def start_due(self) -> int:
        """One pass over what is due. Returns how many runs it started."""
        return (await self._start_due())[0]

    async def _start_due(self) -> tuple[int, float]:
        """The same, with the seconds until something is due, as far as is known."""
        number = 0
        over: set[Key] = set()
        while True:
            found = await self._waiting()
            ready = [
                one
                for one in found
                if (one.ahead <= 0 or one.full) and (one.family, one.event) not in over
            ]
            if not ready:
                return number, min([self.every, *(one.ahead for one in found if one.ahead > 0)])
            for waiting in ready:
                done = await self._start_batch(waiting)
                number += done.runs
                if not done.settled:
                    over.add((waiting.family, waiting.event))

    async def _waiting(self) -> Sequence[WaitingStarts]:
        """Of the families that are here, and wait for no run."""
        gathered = {
            key: one.event.size
            for key, one in self._subscriptions.by_key().items()
            if one.event.within is not None and one.event.debounce is None
        }
        async with reading(self.database) as connection:
            found = await starts.waiting(connection, gathered)
        now = time.monotonic()
        return [
            one
            for one in found
            if one.family in self.families
            and ((behind := self._behind.get(one.family)) is None or behind.until <= now)
        ]

    async def _start_batch(self, waiting: WaitingStarts) -> _Batch:
        """Start what one run may have, in a transaction; a run for each params."""
        key = (waiting.family, waiting.event)
        subscription = self._subscriptions.by_key().get(key)
        size = SIZE if subscription is None else subscription.event.size
        # Who waits to be left alone does so by itself; all others go with the first that is due.
        early = subscription is not None and subscription.event.debounce is None
        try:
            async with self.database.begin() as tx:
                taken = await starts.take(tx, *key, size=size, early=early)
                done = await self._start(tx, waiting, taken)
        except Exception as error:  # noqa: BLE001 - it stays due, and keeps no other from its start
            fault = self._stumbling.setdefault(key, Fault(log, "event_start_stumbled"))
            fault.seen(error, family=waiting.family, name=waiting.event)
            return _Batch()
        if (was := self._stumbling.pop(key, None)) is not None:
            was.over(family=waiting.family, name=waiting.event)
        return done

    async def _start(
        self, tx: AsyncConnection, waiting: WaitingStarts, taken: Sequence[TakenStart]
    ) -> _Batch:
        """Those that must wait for another run are left."""
        bound, done = self.families[waiting.family], _Batch()
        for group in _by_params(taken):
            try:
                run_id, behind = await self._start_run(tx, bound, waiting.event, group)
            except (BadInput, FamilyFailed) as refused:
                await starts.settle(tx, group, detail=refused.detail[:2_000])
                done.settled += 1
                log.warning(
                    "event_start_refused",
                    family=bound.name,
                    name=waiting.event,
                    items=len(group),
                    reason=refused.detail,
                )
                continue
            if behind is not None:
                self._behind[bound.name] = _Behind(behind, time.monotonic() + self.every)
                break
            await starts.settle(tx, group, run_id=run_id)
            done.settled += 1
            done.runs += 1
        return done

    async def _start_run(
        self, tx: AsyncConnection, bound: BoundFamily, event: str, group: Sequence[TakenStart]
    ) -> tuple[str | None, str | None]:
        """The run; or the one that must end first, or begin.

        Raises:
            BadInput, FamilyFailed: the family takes these params, or ids, no more.
        """
        first, by = group[0], started_by(event)
        ids = list(dict.fromkeys(one.item_id for one in group))
        why = {"event": event, "items": len(ids)}
        with told(bound.name, "params"):  # which are read once more before they are kept
            params = bound.params.read(KeptParams(first.params, None, first.params_version))
            run = new_run(bound, RunRequest(params=params, item_ids=ids), started_by=by)
        if bound.family.overlap is Overlap.QUEUE:
            # One in line is enough: what comes before its turn goes with the next.
            ahead = await starts.in_line(tx, bound.name, by)
            if ahead is not None:
                return None, ahead
        try:
            async with tx.begin_nested():
                started = await start_run(tx, self.engine, bound, run, why=why)
        except Conflict as refused:
            active = refused.more.get("activeRunId")
            if not isinstance(active, str):
                raise
            return None, active
        log.info("event_started", family=bound.name, name=event, run=run.id, items=len(ids))
        return started.run_id, None


def started_by(event: str) -> str:
    """Who has started the run, as people see it."""
    return f"event {event}"


def _by_params(taken: Iterable[TakenStart]) -> Sequence[list[TakenStart]]:
    """Those with the same params together, in the order of the first of each."""
    found: dict[str, list[TakenStart]] = {}
    for one in taken:
        found.setdefault(values_key({"v": one.params_version, "p": one.params}), []).append(one)
    return list(found.values())
