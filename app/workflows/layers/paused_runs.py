"""What is delivered of a paused run leaves the queue; the resume publishes it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery, Engine
from app.store.group_commit import GroupCommit
from app.store.runs import runs
from app.store.statuses import RunStatus


class _NotPaused(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Parked:
    run_id: str
    delivery: Delivery


class PausedRuns:
    """Completes messages of paused runs, many to a transaction."""

    def __init__(self, database: AsyncEngine, engine: Engine) -> None:
        self._database = database
        self._engine = engine
        self._group = GroupCommit(self._commit)

    async def park(self, run_id: str, delivery: Delivery) -> bool:
        """False: the run goes on meanwhile, and so must the delivery."""
        try:
            await self._group.add(_Parked(run_id, delivery))
        except _NotPaused:
            return False
        return True

    async def _commit(self, parked: Sequence[_Parked]) -> None:
        async with self._database.begin() as tx:
            # In this order. A resume first commits the status and then publishes: either we see
            # its status here, or its publication waits for our deletion and finds the place free.
            await self._engine.complete(tx, [entry.delivery for entry in parked])
            statuses = await runs.statuses(tx, {entry.run_id for entry in parked})
            if any(status is not RunStatus.PAUSED for status in statuses.values()):
                raise _NotPaused
