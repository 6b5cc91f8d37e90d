"""Calling ``finish``: with the run as it stands when all of its items have ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import NotFound
from app.store.database import reading
from app.store.run_notifications import RunNotifications
from app.store.runs import runs
from app.store.statuses import ENDED, RunStatus
from app.store.tables.runs import Run
from app.workflows.contract.context import Context, Cost
from app.workflows.contract.exceptions import Fatal
from app.workflows.contract.finished_run import FinishedRun
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.cache import CachedRun
from app.workflows.runs.handle import RunHandle


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    database: AsyncEngine
    families: Mapping[str, BoundFamily]
    changes: RunNotifications

    async def finish(self, bound: BoundFamily, view: CachedRun, ctx: Context) -> Any:  # its result
        """
        Raises:
            Fatal: the run was deleted, or the family has no ``finish`` any more.
        """
        run_id = view.run.finish_of
        if run_id is None or bound.finish is None:
            raise Fatal(f"{bound.name} has no finish any more.")
        try:
            async with reading(self.database) as connection:
                run = await runs.get(connection, run_id)
        except NotFound as gone:
            raise Fatal(gone.detail) from gone
        return await bound.finish(self._finished(run, view), ctx)

    def _finished(self, run: Run, view: CachedRun) -> FinishedRun[Any]:
        return FinishedRun(
            id=run.id,
            status=_ends_as(run),
            params=view.params,
            scheduled=run.scheduled,
            succeeded=run.succeeded,
            skipped=run.skipped,
            failed=run.failed + run.timed_out,
            cancelled=run.cancelled,
            spent=Cost(run.spent_usd, run.spent_tokens),
            started_at=run.started_at,
            pages=RunHandle(run.id, self.database, self.changes, self.families, run.family),
        )


def _ends_as(run: Run) -> RunStatus:
    """As ``endings.finalise`` will say."""
    status = RunStatus(run.status)
    if status in ENDED:
        return status
    if status is RunStatus.CANCELLING:
        return RunStatus.CANCELLED
    if not run.succeeded + run.skipped:
        return RunStatus.FAILED
    return RunStatus.PARTIAL if run.failed + run.timed_out else RunStatus.SUCCEEDED
