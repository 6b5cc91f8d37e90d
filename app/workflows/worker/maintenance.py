"""Finds what cannot go on by itself, and gives it what it lacks.

Nothing here should ever have anything to do: every commit leaves a run with the messages that it
needs. But queues are emptied by people, and restored from backups.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.faults import Fault
from app.store.database import reading
from app.store.items import pages
from app.store.planning import backfills
from app.store.pools import end_hung_transactions
from app.store.runs import events, missing_family, runs
from app.store.runs.runs import Unfinished
from app.store.statuses import ENDED, EventKind, PauseReason, RunStatus
from app.workflows.backfills.advance import advance_backfill
from app.workflows.monitoring.run_sampler import RunSampler
from app.workflows.runs.queue import begin_next
from app.workflows.runs.reconciler import RunReconciler
from app.workflows.worker.background import cancel_and_wait
from app.workflows.worker.watch_lock import watch_lock

SWEEP_SECONDS = 30.0
STRANDED_PASSES = 6
"""Passes for which a run of an unknown family stands before that is told: in a deployment, workers
with the former code may still have it. Half a minute, by default."""
LONGEST_PATIENCE = 12
"""Passes between two looks at a run that does not move, and lacks nothing."""

log = structlog.get_logger("sluice.watchdog")


@dataclass(slots=True)
class _Seen:
    """How a run stood, for how many passes, and at which one it is looked at."""

    stands: Unfinished
    passes: int = 0
    look_at: int = 1


@dataclass(slots=True)
class Watchdog:
    """Every worker runs one, and one of them at a time does the work.

    Args:
        holding: where a lock lasts as long as its connection: no pooler in transaction mode.
        every: seconds between two passes.
        silence: after which a process that hangs has nothing locked any more.
        beside: what else only one worker may do at a time; each until it is cancelled.
    """

    reconciler: RunReconciler
    holding: AsyncEngine
    every: float
    silence: timedelta
    beside: Sequence[Callable[[], Coroutine[None, None, None]]] = ()
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _sampler: RunSampler = field(init=False)

    def __post_init__(self) -> None:
        self._sampler = RunSampler(self.reconciler.database)

    async def run(self) -> None:
        """Do passes until cancelled."""
        fault = Fault(log, "watchdog_stumbled")
        while True:
            try:
                idle = self.silence + timedelta(seconds=self.every)
                async with watch_lock(self.holding, idle) as holding:
                    if holding is not None:
                        await self._watch(holding, fault)
                    else:
                        fault.over()
            except Exception as error:  # noqa: BLE001 - the next look tries again
                fault.seen(error)
            await asyncio.sleep(self.every)

    async def _watch(self, holding: AsyncConnection, fault: Fault) -> None:
        """As long as the lock's own connection lives."""
        log.debug("watchdog_holds")
        beside = [asyncio.create_task(run()) for run in self.beside]
        try:
            while True:
                await self.look()
                fault.over()
                await asyncio.sleep(self.every)
                await holding.execute(text("SELECT 1"))
        finally:
            await cancel_and_wait(beside)

    async def look(self) -> None:
        """Do one pass."""
        await self.mend()
        await self.reconciler.engine.tidy()
        await self._sampler.look()

    async def mend(self) -> None:
        """Do one pass over the runs that have not ended."""
        ended = await end_hung_transactions(self.reconciler.database, self.silence)
        if ended:
            log.warning("hung_transactions_ended", connections=ended)
        async with reading(self.reconciler.database) as connection:
            unfinished = await runs.unfinished(connection)
            filling = await backfills.unfinished(connection)
        for run in unfinished:
            if run.overdue:
                await self._overdue(run)
        for family in {run.family for run in unfinished if run.waiting}:
            async with self.reconciler.database.begin() as tx:
                await begin_next(tx, self.reconciler.engine, family)
        for backfill_id in filling:
            async with self.reconciler.database.begin() as tx:
                await advance_backfill(
                    tx, self.reconciler.engine, self.reconciler.families, backfill_id
                )
        await self._unmoved(unfinished)

    async def _overdue(self, run: Unfinished) -> None:
        detail = "The run took longer than it may. Resume it to give it the same time once more."
        async with self.reconciler.database.begin() as tx:
            await self.reconciler.lifecycle.pause(tx, run.run_id, PauseReason.DEADLINE, detail)

    async def _unmoved(self, unfinished: list[Unfinished]) -> None:
        """Look closely at each run that stands where it stood a pass ago, ever more seldom."""
        former, self._seen = self._seen, {}
        for run in unfinished:
            if run.waiting:
                continue
            known = run.family in self.reconciler.families
            if known and run.stranded:
                await self._found(run)
            seen = former.get(run.run_id)
            if seen is None or seen.stands != run:
                seen = _Seen(run)
            elif not known:
                seen.passes += 1
                if seen.passes % STRANDED_PASSES == 0:
                    await self._strand(run)
            else:
                seen.passes += 1
                if seen.passes >= seen.look_at:
                    found = await self._repair(run)
                    further = 1 if found else min(2 * seen.look_at, LONGEST_PATIENCE)
                    seen = _Seen(run, look_at=further)
            self._seen[run.run_id] = seen

    async def _strand(self, run: Unfinished) -> None:
        """Nobody has moved the run for a while, so no other worker knows its family either. One
        that is being cancelled ends as what dead workers had in hand comes free."""
        if run.status is RunStatus.CANCELLING:
            await self.reconciler.sweep(run.run_id, seconds=SWEEP_SECONDS)
        detail = (
            f"No process of this service knows the family {run.family!r}: it was removed or renamed"
            " while the run was going. Bring it back, let the family that it became say"
            f' rename = "{run.family}", or cancel the run.'
        )
        async with self.reconciler.database.begin() as tx:
            if await runs.lock(tx, run.run_id) in ENDED:
                return
            if await missing_family.tell(tx, run.run_id, detail):
                log.warning("run_without_family", run=run.run_id, family=run.family)

    async def _found(self, run: Unfinished) -> None:
        async with self.reconciler.database.begin() as tx:
            await runs.lock(tx, run.run_id)
            if await missing_family.take_back(tx, run.run_id):
                log.warning("run_has_family_again", run=run.run_id, family=run.family)

    async def _repair(self, run: Unfinished) -> bool:
        """Returns whether there was anything to repair."""
        if run.status is RunStatus.CANCELLING:
            await self.reconciler.sweep(run.run_id, seconds=SWEEP_SECONDS)
        async with self.reconciler.database.begin() as tx:
            miscounted = await pages.recount(tx, run.run_id)
        missing = 0
        if await self.reconciler.is_missing_messages(run.run_id):
            missing = await self.reconciler.republish_missing(run.run_id)
        if not (miscounted or missing):
            return False
        data = {"messages": missing, "counters": miscounted}
        if self.reconciler.meter is not None:
            self.reconciler.meter.repaired(run.family)
        log.warning("run_repaired", run=run.run_id, family=run.family, **data)
        detail = (
            f"It could not go on: {missing} messages were missing"
            f"{' and its counters were wrong' if miscounted else ''}."
        )
        async with self.reconciler.database.begin() as tx:
            if await runs.lock(tx, run.run_id) not in ENDED:
                await events.append(tx, run.run_id, EventKind.REPAIRED, detail=detail, data=data)
        return True
