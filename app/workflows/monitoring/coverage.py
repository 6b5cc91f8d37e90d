"""How many of the eligible have a result: now, after a run, and once a day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.faults import Fault
from app.errors import SluiceError
from app.store.database import reading
from app.store.monitoring import coverage
from app.store.monitoring.coverage import CoverageRecord
from app.store.statuses import RunStatus
from app.store.tables.runs import Run
from app.workflows.contract.context import Context
from app.workflows.counting.eligibility import count_eligible
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.request import RunRequest
from app.workflows.serialization.secret_places import dumped
from app.workflows.sources.item_source import source_of

EVERY = 600.0
"""Seconds between two looks for families whose day has not been recorded."""

log = structlog.get_logger("sluice.coverage")


@dataclass(frozen=True, slots=True)
class CoverageSurvey:
    """
    Args:
        budget: seconds after which the rest of a family is extrapolated.
    """

    database: AsyncEngine
    families: Mapping[str, BoundFamily]
    context: Callable[..., Context]
    budget: float

    async def now(self, bound: BoundFamily, params: BaseModel) -> CoverageRecord | None:
        """The present coverage; None: the family does not tell what has a result, or its source
        cannot be counted."""
        if not bound.filters:
            return None
        ctx = self.context(bound)
        source = source_of(bound, params, ctx, RunRequest(params=params))
        found = await count_eligible(
            bound, source, params, ctx, force=False, limit=None, budget=self.budget
        )
        statistics = found.statistics
        if statistics.total_eligible is None or statistics.already_processed is None:
            return None
        return CoverageRecord(
            statistics.total_eligible, statistics.already_processed, statistics.exact
        )

    async def run(self) -> None:
        """Until cancelled: record each day of families that no run has recorded on it.

        Only one worker may do this at a time.
        """
        fault = Fault(log, "coverage_stumbled")
        while True:
            try:
                await self.look()
                fault.over()
            except Exception as error:  # noqa: BLE001 - the next look tries again
                fault.seen(error)
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        async with reading(self.database) as connection:
            due = await coverage.due(connection)
        for name in due:
            bound = self.families.get(name)
            params = None if bound is None else defaults(bound)
            if bound is None or params is None:
                continue
            try:
                covered = await self.now(bound, params)
            except SluiceError as error:  # of its source, or of its code
                # Of the other families there is something to tell.
                log.warning("coverage_stumbled", family=name, exc_info=error)
                continue
            if covered is not None:
                async with self.database.begin() as tx:
                    await coverage.record(tx, name, covered)


async def record_run(families: Mapping[str, BoundFamily], tx: AsyncConnection, run: Run) -> None:
    """Record a family's coverage from the counters of a run that has ended. Does nothing unless the
    run was over all eligible items and left out those with a result: only then do its counters say
    it."""
    bound = families.get(run.family)
    params = None if bound is None else defaults(bound)
    if (
        bound is None
        or params is None
        or not bound.filters
        or run.force
        or run.total_eligible is None
        or any((run.item_ids, run.item_list, run.retry_of, run.parent_run))
        or run.params != dumped(params)[0]
    ):
        return
    if run.item_limit is None and run.status != RunStatus.CANCELLED and run.paged:
        # Its pages have seen all that had none.
        had, exact = run.total_eligible - run.scheduled, True
    elif run.already_processed is not None:
        had, exact = run.already_processed, run.exact
    else:
        return
    covered = min(max(had, 0) + run.succeeded, run.total_eligible)
    await coverage.record(tx, run.family, CoverageRecord(run.total_eligible, covered, exact))


def defaults(bound: BoundFamily) -> BaseModel | None:
    """The params of a run for which none are named; None: the family requires some."""
    try:
        return bound.family.params()
    except ValidationError:
        return None
