"""The one way to set work going: three triggers, each with its flow key, and their dry runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, overload

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Engine
from app.errors import Conflict, NotFound
from app.store.items import items, pages
from app.store.items.failures import RetrySelection
from app.store.run_notifications import RunNotifications
from app.store.runs import runs
from app.store.runs.idempotency import IdempotentCall
from app.store.tables.runs import Run
from app.workflows.contract.context import Context
from app.workflows.contract.finished_run import ItemResult
from app.workflows.contract.job_family import JobFamily
from app.workflows.contract.run_options import RunOptions, options_of
from app.workflows.counting.eligibility import count_eligible
from app.workflows.counting.eligibility_count import JUST_ONE
from app.workflows.messages import PaginateMessage, executions
from app.workflows.more_work import require_family, takes_no_more
from app.workflows.previews import PreviewService
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.retries import retry_request
from app.workflows.runs.estimate import Estimator
from app.workflows.runs.handle import RunHandle, RunNotSucceeded
from app.workflows.runs.request import RunRequest, new_run
from app.workflows.runs.start import StartedRun, start_run
from app.workflows.samples.service import SampleService
from app.workflows.sources.item_source import source_of
from app.workflows.sources.prerequisites import require_ready, require_ready_to_start
from app.workflows.typed.dry_run import DryRun
from app.workflows.typed.family_client import FamilyClient

__all__ = ["DryRun", "ItemResult", "RunHandle", "RunNotSucceeded", "RunRequest", "WorkflowClient"]

ParamsT = TypeVar("ParamsT", bound=BaseModel)
EntityT = TypeVar("EntityT")
ResultT = TypeVar("ResultT")


class WorkflowClient:
    """Your own code uses ``client.of(InvoiceReminders)`` and ``client.run(run_id)``. These, the
    HTTP API and schedules call the triggers."""

    def __init__(
        self,
        database: AsyncEngine,
        engine: Engine,
        families: Mapping[str, BoundFamily],
        context: Callable[..., Context],
        changes: RunNotifications,
        estimator: Estimator,
        previews: PreviewService,
        samples: SampleService,
        *,
        dry_run_budget: float,
    ) -> None:
        self._database = database
        self._changes = changes
        self._engine = engine
        self._families = families
        self._context = context
        self._estimator = estimator
        self.previews = previews
        self.samples = samples
        self._dry_run_budget = dry_run_budget

    @overload
    def of(
        self, family: type[JobFamily[ParamsT, EntityT, ResultT, Any]], *, started_by: str = "code"
    ) -> FamilyClient[ParamsT, ResultT, EntityT]: ...

    @overload
    def of(self, family: str, *, started_by: str = "code") -> FamilyClient[Any, Any]: ...

    def of(
        self, family: type[JobFamily[Any, Any, Any, Any]] | str, *, started_by: str = "code"
    ) -> FamilyClient[Any, Any]:
        """The triggers of one family, with its own types.

        Args:
            family: its class; or its name, where types do not matter.
            started_by: who, as the run tells it.

        Raises:
            NotFound: the service has no such family.
        """
        name = family if isinstance(family, str) else family.name
        bound = self._families.get(name)
        if bound is None or not (isinstance(family, str) or isinstance(bound.family, family)):
            known = ", ".join(sorted(self._families))
            raise NotFound(f"The service has no such family as {name}. It has: {known}.")
        return FamilyClient(bound, self, started_by)

    def run(self, run_id: str) -> RunHandle[Any]:
        """A run that anybody started before. ``of(…).run(run_id)`` has its types."""
        return RunHandle(run_id, self._database, self._changes, self._families)

    async def dry_run(self, bound: BoundFamily, request: RunRequest) -> DryRun:
        """What ``trigger_process`` would do. Writes nothing and enqueues nothing."""
        bound.params.keep(request.params)
        bound.keep_entity(request.entity)
        bound.check_ids(request.item_ids)
        ctx = self._context(bound)
        await require_ready(bound, request.params, ctx)
        if request.entity is not None:
            found = JUST_ONE
        else:
            found = await count_eligible(
                bound,
                source_of(bound, request.params, ctx, request),
                request.params,
                ctx,
                force=request.force,
                limit=request.limit,
                budget=self._dry_run_budget,
                overwrites=True,
                partitions=True,
            )
        expected = await self._estimator.estimate(bound, request.params, found)
        return DryRun(found, expected)

    async def trigger_process(
        self,
        bound: BoundFamily,
        request: RunRequest,
        *,
        started_by: str,
        once: IdempotentCall | None = None,
        ready: bool = True,
    ) -> StartedRun:
        """Start a run: its row and its first message are one commit.

        Args:
            once: the caller's idempotency key.
            ready: ask the family first. Else the run fails when it begins, if it is not.

        Raises:
            NotReady, Conflict: its work cannot be done just now, or not beside its active run.
            BadInput: the idempotency key was used for another call.
        """
        run = new_run(bound, request, started_by=started_by)
        if ready:
            await require_ready_to_start(self._database, self._context, bound, request, once)
        async with self._database.begin() as tx:
            return await start_run(
                tx, self._engine, bound, run, once, why=request.why, note=request.note
            )

    async def retry(
        self,
        bound: BoundFamily,
        run: Run,
        which: RetrySelection,
        *,
        started_by: str,
        once: IdempotentCall | None,
        options: RunOptions | None = None,
        fresh: bool = False,
        note: str | None = None,
    ) -> StartedRun:
        """Start a run over exactly these items of an earlier one, with its params.

        Args:
            fresh: without the steps that they remember. Else those of items that failed, timed out
                or were cancelled go on from there.
            note: why, for the events of both runs.

        Raises:
            Conflict: no such item, params that do not fit, or it may grow; see ``trigger_process``.
        """
        request = await retry_request(
            self._database, bound, run, which, options or options_of(bound.family), fresh=fresh
        )
        request = replace(request, note=note)
        return await self.trigger_process(bound, request, started_by=started_by, once=once)

    async def trigger_paginate(
        self, bound: BoundFamily, run_id: str, *, cursor: str | None
    ) -> None:
        """Let a running run's paging go on from ``cursor``.

        Raises:
            NotFound, Conflict: the run is not there, or takes no more work.
        """
        async with self._database.begin() as tx:
            run = await runs.get(tx, run_id)
            require_family(run, bound.name)
            if not await pages.move_cursor(tx, run_id, cursor):
                raise takes_no_more(await runs.get(tx, run_id))
            message = PaginateMessage(run=run_id)
            await self._engine.publish(tx, [message.outgoing(bound.name, run.priority)])

    async def trigger_items(self, bound: BoundFamily, run_id: str, item_ids: Sequence[str]) -> int:
        """Schedule exactly these items within a running run, beside its pages.

        An item that has an outcome keeps it, and one that is pending is sent for once more. Returns
        how many are new to the run.

        Raises:
            NotFound, Conflict: the run is not there, or takes no more work.
            BadInput: one of them is no id of this family.
        """
        bound.check_ids(item_ids)
        async with self._database.begin() as tx:
            run = await runs.get(tx, run_id)
            require_family(run, bound.name)
            named = sorted(set(item_ids))
            if run.entity is not None:
                raise Conflict(
                    f"Run {run_id} is for one entity that its caller handed over, and takes no"
                    " other items. Start a run for them."
                )
            fresh = await pages.add_items(tx, run_id, named)
            if fresh is None:
                raise takes_no_more(await runs.get(tx, run_id))
            todo = await items.pending_among(tx, run_id, named)
            size = bound.chunk_for(len(todo))
            out = executions(bound.name, run_id, todo, size, run.priority)
            await self._engine.publish(tx, out)
        return fresh

    async def trigger_execute(
        self,
        bound: BoundFamily,
        item: str | BaseModel,
        params: BaseModel,
        *,
        started_by: str,
        once: IdempotentCall | None = None,
        options: RunOptions | None = None,
    ) -> StartedRun:
        """Execute one item, whether or not it has a result, or an entity that the caller hands
        over, as a run of its own."""
        if isinstance(item, BaseModel):
            request = RunRequest(params=params, entity=item, options=options)
        else:
            request = RunRequest(params=params, force=True, item_ids=[item], options=options)
        return await self.trigger_process(bound, request, started_by=started_by, once=once)
