"""The one way to set work going: three triggers, each with its flow key, and their dry runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Engine
from app.errors import BadInput, Conflict
from app.store import items, paging, runs
from app.store.database import reading
from app.store.tables import Run
from app.workflows.attempt import History, Verdict, attempt
from app.workflows.bound import BoundFamily
from app.workflows.family import Context
from app.workflows.keys import new_id
from app.workflows.messages import ExecuteMessage, PaginateMessage, ProcessMessage
from app.workflows.source import source_of
from app.workflows.survey import Estimate, Survey, estimate, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRequest:
    """What layer 1 is asked. ``item_ids``: exactly these, instead of what is eligible."""

    params: BaseModel
    force: bool = False
    limit: int | None = None
    item_ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class DryRun:
    survey: Survey
    estimate: Estimate


class WorkflowClient:
    def __init__(
        self,
        database: AsyncEngine,
        engine: Engine,
        context: Callable[..., Context],
        *,
        dry_run_budget: float,
    ) -> None:
        self._database = database
        self._engine = engine
        self._context = context
        self._dry_run_budget = dry_run_budget

    async def dry_run(self, bound: BoundFamily, request: ProcessRequest) -> DryRun:
        """What ``trigger_process`` would do. Writes nothing and enqueues nothing."""
        ctx = self._context(bound)
        found = await survey(
            bound,
            source_of(bound, request.params, ctx, request.item_ids),
            request.params,
            ctx,
            force=request.force,
            limit=request.limit,
            budget=self._dry_run_budget,
        )
        async with reading(self._database) as connection:
            seconds = await runs.item_seconds(connection, bound.name)
        return DryRun(found, estimate(bound, found.statistics, seconds))

    async def trigger_process(
        self, bound: BoundFamily, request: ProcessRequest, *, started_by: str
    ) -> str:
        """Start a run: its row and its first message are one commit. Returns the run's id."""
        run = Run(
            id=new_id("run"),
            family=bound.name,
            params=request.params.model_dump(mode="json", by_alias=True),
            force=request.force,
            item_limit=request.limit,
            item_ids=None if request.item_ids is None else list(request.item_ids),
            started_by=started_by,
        )
        async with self._database.begin() as tx:
            await runs.insert_run(tx, run)
            await self._engine.publish(tx, [ProcessMessage(run=run.id).outgoing(bound.name)])
        return run.id

    async def trigger_paginate(
        self, bound: BoundFamily, run_id: str, *, cursor: str | None
    ) -> None:
        """Let a running run's paging go on from ``cursor``.

        Raises:
            NotFound, Conflict: the run is not there, or is not running.
        """
        async with self._database.begin() as tx:
            run = await runs.get(tx, run_id)
            _require_family(run, bound)
            if not await paging.move_cursor(tx, run_id, cursor):
                raise _not_running(run)
            message = PaginateMessage(run=run_id, cursor=cursor)
            await self._engine.publish(tx, [message.outgoing(bound.name)])

    async def trigger_items(self, bound: BoundFamily, run_id: str, item_ids: Sequence[str]) -> int:
        """Schedule exactly these items within a running run, beside its pages.

        An item that has an outcome keeps it. Returns how many were published.

        Raises:
            NotFound, Conflict: the run is not there, or is not running.
        """
        async with self._database.begin() as tx:
            run = await runs.get(tx, run_id)
            _require_family(run, bound)
            named = sorted(set(item_ids))
            if not await paging.add_items(tx, run_id, named):
                raise _not_running(run)
            todo = await items.to_execute(tx, [(run_id, item_id) for item_id in named])
            await self._engine.publish(
                tx, [ExecuteMessage(run=run_id, item=i).outgoing(bound.name) for _, i in todo]
            )
        return len(todo)

    async def trigger_execute(
        self, bound: BoundFamily, item_id: str, params: BaseModel, *, started_by: str
    ) -> str:
        """Execute one item whether or not it has a result, as a run of its own."""
        request = ProcessRequest(params=params, force=True, item_ids=[item_id])
        return await self.trigger_process(bound, request, started_by=started_by)

    async def preview(self, bound: BoundFamily, item_id: str, params: BaseModel) -> Verdict:
        """Run ``load`` and ``execute`` for one item, and never ``save``."""
        ctx = self._context(bound, item_id=item_id, preview=True)
        return await attempt(bound, item_id, params, ctx, History())


def _require_family(run: Run, bound: BoundFamily) -> None:
    if run.family != bound.name:
        raise BadInput(f"Run {run.id} belongs to {run.family}, not to {bound.name}.", field="runId")


def _not_running(run: Run) -> Conflict:
    return Conflict(f"Run {run.id} is {run.status}; only a running run takes more work.")
