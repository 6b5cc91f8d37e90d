"""What becomes of a run when its counters or its status change: within the transaction that
changes them, so that a run never waits for somebody to notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import Engine
from app.store.runs import overlap, runs, transitions
from app.store.runs.counters import RunProgress
from app.store.runs.runs import Statistics
from app.store.statuses import PauseReason, RunStage, RunStatus
from app.workflows.backfills.advance import advance_backfill
from app.workflows.contract.run_options import read_options
from app.workflows.family import Overlap
from app.workflows.messages import PaginateMessage, ProcessMessage
from app.workflows.monitoring.coverage import record_run
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.pause_policy import judge_canary, must_pause
from app.workflows.steps.children import tell_parent

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class RunLifecycle:
    """Every method works in the caller's transaction."""

    engine: Engine
    families: Mapping[str, BoundFamily]

    async def counted(self, tx: AsyncConnection, run_id: str, counted: RunProgress) -> bool:
        """Outcomes were counted: go on, pause or end. Returns whether the status changed."""
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
            await self.engine.publish(tx, [message.outgoing(counted.family)])
        return False

    async def pause(
        self, tx: AsyncConnection, run_id: str, reason: PauseReason, detail: str
    ) -> bool:
        """By itself, not by an operator. False: it does not run."""
        if not await transitions.pause(tx, run_id, reason, detail):
            return False
        log.warning("run_paused", run=run_id, reason=reason, detail=detail)
        return True

    async def finalise(self, tx: AsyncConnection, run_id: str) -> RunStatus | None:
        """End the run if it is complete and nobody has ended it yet."""
        status = await transitions.finalise(tx, run_id)
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

    async def next_in_line(self, tx: AsyncConnection, family: str) -> str | None:
        """Begin the oldest waiting run of a family that has no active one."""
        run_id = await overlap.take_next(tx, family)
        if run_id is not None:
            await self.engine.publish(tx, [ProcessMessage(run=run_id).outgoing(family)])
        return run_id

    async def _ended(self, tx: AsyncConnection, run_id: str, status: RunStatus) -> None:
        run = await runs.get(tx, run_id)
        log.info("run_ended", run=run_id, family=run.family, status=status, reason=run.reason)
        await tell_parent(tx, self.engine, run)
        if run.backfill_id is not None:
            await advance_backfill(tx, self.engine, self.families, run.backfill_id)
        bound = self.families.get(run.family)
        if bound is None:
            return
        if bound.family.overlap is Overlap.QUEUE:
            await self.next_in_line(tx, run.family)
        await record_run(tx, bound, run)

    async def _promote(self, tx: AsyncConnection, run_id: str, counted: RunProgress) -> None:
        await transitions.promote(tx, run_id)
        message = PaginateMessage(run=run_id)
        await self.engine.publish(tx, [message.outgoing(counted.family)])
        log.info("run_promoted", run=run_id)
