"""Layer 1: count what a run would do, record it, and begin the run or end it."""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Delivery, Engine
from app.flow.gate import Gate
from app.store.database import reading
from app.store.items import pages
from app.store.runs import runs, transitions
from app.store.runs.runs import Statistics
from app.store.statuses import PauseReason, RunStage, RunStatus
from app.store.tables.runs import Run
from app.tracing.current import NOTHING
from app.workflows.contract.context import Context
from app.workflows.contract.exceptions import FamilyFailed, NotReady, Ruling, disposition
from app.workflows.contract.run_options import RunOptions
from app.workflows.counting.eligibility import count_eligible
from app.workflows.counting.eligibility_count import JUST_ONE, EligibilityCount
from app.workflows.keys import Layer
from app.workflows.messages import PaginateMessage, ProcessMessage, executions
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.approval import ApprovalRequest, question
from app.workflows.runs.estimate import Estimator
from app.workflows.runs.expectation import Estimate, none_eligible
from app.workflows.runs.lifecycle import RunLifecycle
from app.workflows.serialization.params import KeptParams
from app.workflows.sources.item_source import Source, source_of
from app.workflows.sources.prerequisites import require_ready

COUNTING_BUDGET = 5.0
"""Seconds. A run must not wait for a count of millions; the pages filter by themselves."""

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """What layer 1 found out about a run.

    ``canary``: the ids to begin with; none: no canary. ``asks``: None: it needs no approval.
    """

    run: Run
    statistics: Statistics
    estimate: Estimate
    canary: Sequence[str]
    asks: ApprovalRequest | None


@dataclass(frozen=True, slots=True)
class ProcessLayer:
    database: AsyncEngine
    engine: Engine
    gate: Gate
    context: Callable[..., Context]
    lifecycle: RunLifecycle
    estimator: Estimator

    async def handle(self, bound: BoundFamily, delivery: Delivery) -> timedelta | None:
        run_id = ProcessMessage.read(delivery.payload).run
        async with reading(self.database) as connection:
            run = await runs.find(connection, run_id)
        if run is None or run.status != RunStatus.PENDING:
            return None  # it has gone on, or was stopped; a resume publishes the message again
        trace = None if bound.tracing is None else bound.tracing.of_run(run)
        with NOTHING if trace is None else trace.process():
            await self._process(bound, run, None if trace is None else trace.trace_id)
        return None

    async def _process(self, bound: BoundFamily, run: Run, trace: str | None) -> None:
        async with self.gate.permit(bound.flow_key(Layer.PROCESS), priority=run.priority):
            try:
                with self._timed(bound, run, trace):
                    counted = await self._count(bound, run)
            except NotReady as unready:
                if disposition(unready).ruling in (Ruling.PAUSE, Ruling.POSTPONE):
                    raise
                # Not tried again: whoever means "later" says so.
                async with self.database.begin() as tx:
                    await self.lifecycle.fail(tx, run.id, reason="not_ready", detail=unready.detail)
                return
        async with self.database.begin() as tx:
            await self._begin(tx, bound, counted)

    def _timed(
        self, bound: BoundFamily, run: Run, trace: str | None
    ) -> AbstractContextManager[None]:
        meter = self.lifecycle.meter
        return NOTHING if meter is None else meter.layer(bound.name, Layer.PROCESS, run.id, trace)

    async def _count(self, bound: BoundFamily, run: Run) -> ProcessResult:
        params = bound.params.read(KeptParams(run.params, run.sealed, run.params_version))
        ctx = self.context(bound, run_id=run.id)
        options = RunOptions.model_validate(run.options)
        await require_ready(bound, params, ctx)
        source = source_of(bound, params, ctx, run)
        found = await _eligible(bound, source, params, ctx, run, options)
        # A canary that is the whole run would only stop it for nothing.
        small = len(found.canary) >= (found.statistics.to_process or 0)
        canary = () if small else found.canary
        expected = await self.estimator.estimate(bound, params, found)
        asks = None
        if options.approval:
            asks = question(bound, found, expected, len(canary), fixed=source.fixed)
        statistics = replace(
            found.statistics,
            to_overwrite=found.to_overwrite,
            to_overwrite_exact=found.overwrite_exact,
        )
        return ProcessResult(run, statistics, expected, canary, asks)

    async def _begin(self, tx: AsyncConnection, bound: BoundFamily, counted: ProcessResult) -> None:
        run_id, statistics = counted.run.id, counted.statistics
        nothing = _nothing_to_do(bound, statistics)
        if nothing is not None:
            reason, detail = nothing
            await self.lifecycle.end_empty(tx, run_id, statistics, reason=reason, detail=detail)
            return
        if not await transitions.begin(
            tx,
            run_id,
            statistics,
            stage=RunStage.CANARY if counted.canary else RunStage.FULL,
            estimate=counted.estimate.model_dump(mode="json"),
        ):
            # Stopped while we counted; a resume publishes the message again.
            return
        if counted.canary:
            await pages.add_items(tx, run_id, counted.canary)
        log.info(
            "run_begun",
            family=bound.name,
            layer=Layer.PROCESS,
            run=run_id,
            to_process=statistics.to_process,
        )
        if counted.asks is not None:
            # Nothing is published: whoever resumes the run publishes what it should have.
            await _ask(tx, run_id, counted.asks)
            return
        if counted.canary:
            out = executions(bound.name, run_id, counted.canary, 1, counted.run.priority)
        else:
            out = [PaginateMessage(run=run_id).outgoing(bound.name, counted.run.priority)]
        await self.engine.publish(tx, out)


async def _eligible(
    bound: BoundFamily,
    source: Source,
    params: BaseModel,
    ctx: Context,
    run: Run,
    options: RunOptions,
) -> EligibilityCount:
    if run.entity is not None:
        return JUST_ONE
    wanted = options.canary or 0

    def count(*, overwrites: bool) -> Awaitable[EligibilityCount]:
        return count_eligible(
            bound,
            source,
            params,
            ctx,
            force=run.force,
            limit=run.item_limit,
            # A canary is chosen from all.
            budget=math.inf if wanted else COUNTING_BUDGET,
            canary=wanted if run.item_limit is None else min(wanted, run.item_limit),
            overwrites=overwrites,
            partitions=True,
            chance=random.Random(run.id),  # noqa: S311 - the same ones when it is delivered again
        )

    # Who retries items, or waits for a child, knows what they have.
    told = run.retry_of is None and run.parent_run is None
    try:
        return await count(overwrites=options.approval or told)
    except FamilyFailed as failed:
        if options.approval or not (told and run.force):
            raise
        # Force is also for when `existing` is broken: the run does without that number.
        log.warning("overwrites_not_counted", run=run.id, error=failed.detail)
        return await count(overwrites=False)


async def _ask(tx: AsyncConnection, run_id: str, asks: ApprovalRequest) -> None:
    await transitions.pause(tx, run_id, PauseReason.APPROVAL, asks.sentence, data=asks.data)
    log.warning("run_paused", run=run_id, reason=PauseReason.APPROVAL, detail=asks.sentence)


def _nothing_to_do(bound: BoundFamily, statistics: Statistics) -> tuple[str, str] | None:
    """The reason and its sentence."""
    many = bound.family.entity.plural
    if not statistics.exact:
        return None
    if statistics.total_eligible == 0:
        return "nothing_eligible", none_eligible(many)
    if statistics.to_process == 0:
        return "all_processed", f"All {many} already processed"
    return None
