"""Layer 1: count what a run would do, record it, and begin the run or end it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Delivery, Engine
from app.flow.gate import Gate
from app.store import runs
from app.store.database import reading
from app.store.lifecycle import RunStatus
from app.store.runs import Statistics
from app.workflows.bound import BoundFamily
from app.workflows.family import Context
from app.workflows.keys import Layer
from app.workflows.messages import PaginateMessage, ProcessMessage
from app.workflows.source import source_of
from app.workflows.survey import survey

COUNTING_BUDGET = 5.0
"""Seconds. A run must not wait for a count of millions; the pages filter by themselves."""

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class ProcessLayer:
    database: AsyncEngine
    engine: Engine
    gate: Gate
    context: Callable[..., Context]

    async def handle(self, bound: BoundFamily, delivery: Delivery) -> None:
        message = ProcessMessage.read(delivery.payload)
        async with self.gate.permit(bound.flow_key(Layer.PROCESS)):
            statistics = await self._count(bound, message.run)
            async with self.database.begin() as tx:
                if not await self.engine.complete(tx, [delivery]) or statistics is None:
                    return
                await self._begin(tx, bound, message.run, statistics)

    async def _count(self, bound: BoundFamily, run_id: str) -> Statistics | None:
        """None: somebody else has already dealt with this run."""
        async with reading(self.database) as connection:
            run = await runs.find(connection, run_id)
        if run is None or run.status != RunStatus.PENDING:
            return None
        params = bound.family.params.model_validate(run.params)
        ctx = self.context(bound, run_id=run_id)
        source = source_of(bound, params, ctx, run.item_ids)
        found = await survey(
            bound,
            source,
            params,
            ctx,
            force=run.force,
            limit=run.item_limit,
            budget=COUNTING_BUDGET,
        )
        return found.statistics

    async def _begin(
        self, tx: AsyncConnection, bound: BoundFamily, run_id: str, statistics: Statistics
    ) -> None:
        reason = _nothing_to_do(bound, statistics)
        if reason is not None:
            if await runs.end_empty(tx, run_id, statistics, reason):
                log.info("run_ended", run=run_id, family=bound.name, reason=reason)
            return
        if await runs.begin(tx, run_id, statistics):
            await self.engine.publish(tx, [PaginateMessage(run=run_id).outgoing(bound.name)])
            log.info("run_begun", run=run_id, family=bound.name, to_process=statistics.to_process)


def _nothing_to_do(bound: BoundFamily, statistics: Statistics) -> str | None:
    many = bound.family.entity.plural
    if not statistics.exact:
        return None
    if statistics.total_eligible == 0:
        return f"No eligible {many} found"
    if statistics.to_process == 0:
        return f"All {many} already processed"
    return None
