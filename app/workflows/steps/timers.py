"""Letting suspended items go on whose time has come, many to a transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.group_commit import GroupCommit
from app.store.items.claims import ItemClaim
from app.store.runs import counters
from app.store.runs.counters import CounterDelta
from app.store.steps import suspension


@dataclass(slots=True)
class _Entry:
    claim: ItemClaim
    woken: bool = False


class WakeUpTimers:
    def __init__(self, database: AsyncEngine, *, look_ahead: int) -> None:
        self._database = database
        self._look_ahead = look_ahead
        self._group = GroupCommit(self._commit)

    async def wake(self, claim: ItemClaim) -> bool:
        """The item is pending again, and in these hands, if it is due. False: it is not."""
        entry = _Entry(claim)
        await self._group.add(entry)
        return entry.woken

    async def _commit(self, entries: Sequence[_Entry]) -> None:
        # Of two deliveries of one item, one.
        once = list({entry.claim.place: entry.claim for entry in entries}.values())
        async with self._database.begin() as tx:
            woken = await suspension.wake(tx, once)
            for run_id, number in sorted(Counter(run_id for run_id, _ in woken).items()):
                changed = CounterDelta({}, suspended=-number)
                await counters.count(tx, run_id, changed, look_ahead=self._look_ahead)
        won = {claim for claim in once if claim.place in woken}
        for entry in entries:
            entry.woken = entry.claim in won
