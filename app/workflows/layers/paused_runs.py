"""Items of a run that is paused while they wait for their turn: nobody has them in hand until the
resume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.group_commit import GroupCommit
from app.store.items import claims
from app.store.items.claims import ItemClaim
from app.store.runs import runs
from app.store.statuses import RunStatus
from app.store.steps import suspension


@dataclass(slots=True)
class _Parked:
    claim: ItemClaim
    released: bool = False


class PausedRuns:
    """Lets go of items of paused runs, many to a transaction."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database
        self._group = GroupCommit(self._commit)

    async def park(self, claim: ItemClaim) -> bool:
        """Let go of the item until its run is resumed. False: the run is not paused any more, and
        the item must go on."""
        entry = _Parked(claim)
        await self._group.add(entry)
        return entry.released

    async def _commit(self, parked: Sequence[_Parked]) -> None:
        async with self._database.begin() as tx:
            # The items first, as whoever has one of them and comes to its run. A resume commits the
            # status and then sends for what nobody has in hand: either we see its status here, or
            # it waits for us.
            await suspension.lock(tx, [one.claim.place for one in parked])
            statuses = await runs.statuses(tx, {one.claim.run_id for one in parked}, share=True)
            paused = [one for one in parked if statuses.get(one.claim.run_id) is RunStatus.PAUSED]
            if paused:
                await claims.release(tx, [one.claim for one in paused])
        for one in paused:
            one.released = True
