"""Letting suspended items go on whose time has come, many to a transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery, Engine
from app.store.group_commit import GroupCommit
from app.store.runs import counters
from app.store.runs.counters import CounterDelta
from app.store.statuses import ItemStatus
from app.store.steps import suspension
from app.store.steps.steps import ItemId


@dataclass(slots=True)
class _Entry:
    item: ItemId
    woken: bool = False


class WakeUpTimers:
    def __init__(self, database: AsyncEngine, engine: Engine, *, look_ahead: int) -> None:
        self._database = database
        self._engine = engine
        self._look_ahead = look_ahead
        self._group = GroupCommit(self._commit)

    async def wake(self, item: ItemId) -> bool:
        """The item is pending again, if it is due. False: it is not."""
        entry = _Entry(item)
        await self._group.add(entry)
        return entry.woken

    async def rest(self, item: ItemId, delivery: Delivery) -> bool:
        """Give the message of an item back that is not due yet. False: now it goes on."""
        async with self._database.begin() as tx:
            # Locked first: who lets it go on meanwhile publishes a message when we have let go of
            # this one.
            if await suspension.lock(tx, item) is not ItemStatus.SUSPENDED:
                return False
            left = await suspension.time_left(tx, item)
            if left is None:
                await self._engine.complete(tx, [delivery])
            else:
                await self._engine.redeliver(tx, [(delivery, left)])
        return True

    async def _commit(self, entries: Sequence[_Entry]) -> None:
        async with self._database.begin() as tx:
            woken = set(await suspension.wake(tx, [entry.item for entry in entries]))
            for run_id, number in sorted(Counter(run_id for run_id, _ in woken).items()):
                changed = CounterDelta({}, suspended=-number)
                await counters.count(tx, run_id, changed, look_ahead=self._look_ahead)
        for entry in entries:
            entry.woken = entry.item in woken
