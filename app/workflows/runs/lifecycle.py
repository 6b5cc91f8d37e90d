"""What becomes of a run when its counters or its status change: within the transaction that
changes them, so that a run never waits for somebody to notice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import Engine
from app.metrics.meter import WorkMeter
from app.store.runs import endings, runs, transitions
from app.store.runs.counters import RunProgress
from app.store.runs.runs import Statistics
from app.store.statuses import PauseReason, RunStage, RunStatus
from app.store.tables.runs import Run
from app.workflows.contract.run_options import read_options
from app.workflows.messages import PaginateMessage
from app.workflows.runs.pause_policy import judge_canary, must_pause

log = structlog.get_logger("sluice.run")

RunEnded = Callable[[AsyncConnection, Run], Awaitable[None]]
"""What follows the end of a run, in the transaction that ends it."""


@dataclass(frozen=True, slots=True)
class RunLifecycle:
    """Every method works in the caller's transaction.

    Args:
        on_ended: called in this order, which is that in which their rows are locked.
        before_end: begins what comes between a run's last item and its end; False: there is nothing
            of the kind, or it has begun before.
    """

    engine: Engine
    on_ended: Sequence[RunEnded] = ()
    before_end: Callable[[AsyncConnection, str], Awaitable[bool]] | None = None
    meter: WorkMeter | None = None

    async def counted(self, tx: AsyncConnection, run_id: str, counted: RunProgress) -> bool:
        """Let the run go on, pause or end after outcomes were counted. Returns whether its status
        changed."""
        if counted.complete and (
            counted.stage != RunStage.CANARY or counted.status == RunStatus.CANCELLING
        ):
            return await self.finalise(tx, run_id) is not None
        if counted.status != RunStatus.RUNNING:
            return False
        options = read_options(counted.options)
        if counted.complete:
            pause = judge_canary(counted, options)
            if pause is None:
                await self._promote(tx, run_id, counted)
                return True
        else:
            pause = must_pause(counted, options)
        if pause is not None:
            return await self.pause(tx, run_id, pause.reason, pause.detail)
        if counted.page_due:
            message = PaginateMessage(run=run_id)
            await self.engine.publish(tx, [message.outgoing(counted.family, counted.priority)])
        return False

    async def pause(
        self, tx: AsyncConnection, run_id: str, reason: PauseReason, detail: str
    ) -> bool:
        """Pause the run for a reason that Sluice found itself. False: it is not running."""
        if not await transitions.pause(tx, run_id, reason, detail):
            return False
        log.warning("run_paused", run=run_id, reason=reason, detail=detail)
        return True

    async def finalise(self, tx: AsyncConnection, run_id: str) -> RunStatus | None:
        """End the run if it is complete and nobody has ended it yet."""
        if self.before_end is not None and await self.before_end(tx, run_id):
            return None
        status = await endings.finalise(tx, run_id)
        if status is not None:
            await self._ended(tx, run_id, status)
        return status

    async def end_empty(
        self,
        tx: AsyncConnection,
        run_id: str,
        statistics: Statistics,
        *,
        reason: str,
        detail: str,
    ) -> None:
        if await transitions.end_empty(tx, run_id, statistics, reason=reason, detail=detail):
            await self._ended(tx, run_id, RunStatus.SUCCEEDED)

    async def fail(self, tx: AsyncConnection, run_id: str, *, reason: str, detail: str) -> None:
        if await transitions.fail(tx, run_id, reason=reason, detail=detail):
            await self._ended(tx, run_id, RunStatus.FAILED)

    async def _ended(self, tx: AsyncConnection, run_id: str, status: RunStatus) -> None:
        run = await runs.get(tx, run_id)
        if self.meter is not None:
            self.meter.run_ended(tx, run.family, status)
        log.info("run_ended", run=run_id, family=run.family, status=status, reason=run.reason)
        if run.finish_of is not None:
            # Nothing else follows from it; and its run's row is locked before what that run's end
            # locks, as whoever retries the run does.
            await self.finalise(tx, run.finish_of)
            return
        for follow in self.on_ended:
            await follow(tx, run)

    async def _promote(self, tx: AsyncConnection, run_id: str, counted: RunProgress) -> None:
        await transitions.promote(tx, run_id)
        message = PaginateMessage(run=run_id)
        await self.engine.publish(tx, [message.outgoing(counted.family, counted.priority)])
        log.info("run_promoted", run=run_id)
