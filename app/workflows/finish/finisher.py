"""A run's ``finish`` is a run of its own, with one item: it is retried, waits and is seen like any
other, and its run ends in the transaction in which it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Engine
from app.errors import Conflict
from app.store.runs import endings, events, runs
from app.store.runs.events import SLUICE
from app.store.statuses import ENDED, EventKind
from app.store.tables.runs import Run
from app.workflows.contract.run_options import RunOptions
from app.workflows.keys import new_id
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.start import start_item, traced

ITEM = "finish"
"""The id of its item."""

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class Finisher:
    database: AsyncEngine
    engine: Engine
    families: Mapping[str, BoundFamily]
    look_ahead: int

    async def begin(self, tx: AsyncConnection, run_id: str) -> bool:
        """Begin the finish of a run whose items have all ended. False: its family has none, they
        have not, or it has begun."""
        having = [name for name, bound in self.families.items() if bound.finish is not None]
        if not having:
            return False
        cancelled = [name for name in having if self.families[name].family.finish_cancelled]
        if not await endings.begin_finish(tx, run_id, having, cancelled=cancelled):
            return False
        await self._begin(tx, await runs.get(tx, run_id), by=SLUICE)
        return True

    async def again(self, run_id: str, *, by: str, note: str | None = None) -> Run:
        """Run the finish of a run that has ended once more; the run stays as it has ended.

        Returns:
            The run that its finish is.

        Raises:
            NotFound: there is no such run.
            Conflict: it has not ended, its finish is at work, or its family has none.
        """
        async with self.database.begin() as tx:
            await runs.lock(tx, run_id)
            run = await runs.get(tx, run_id)
            bound = self.families.get(run.family)
            if bound is None or bound.finish is None:
                raise Conflict(
                    f"{run.family} has no finish to run. To have one, write"
                    " async def finish(self, run, ctx)."
                )
            if run.parent_run is not None:
                raise Conflict(
                    f"Run {run_id} is a part of run {run.parent_run}, and has no finish."
                )
            if run.status not in ENDED:
                raise Conflict(
                    f"Run {run_id} is {run.status}: its finish is called when it has no item left.",
                    more={"runStatus": run.status},
                )
            if run.scheduled == 0:
                raise Conflict(f"Run {run_id} had no items, and so has nothing to finish.")
            last = await runs.last_finish(tx, run_id)
            if last is not None and last.status not in ENDED:
                raise Conflict(f"The finish of run {run_id} is under way: run {last.id}.")
            return await runs.get(tx, await self._begin(tx, run, by=by, note=note))

    async def _begin(
        self, tx: AsyncConnection, run: Run, *, by: str, note: str | None = None
    ) -> str:
        finish = Run(
            id=new_id("run"),
            family=run.family,
            params=run.params,
            sealed=run.sealed,
            params_version=run.params_version,
            force=True,
            item_ids=[ITEM],
            # One item is no sample, and what the run may spend is no concern of its report.
            options=RunOptions(priority=run.priority).stored(),
            parent_run=run.id,
            started_by=by,
        )
        with traced(self.families[run.family], finish, above=run.traceparent):
            out = await start_item(tx, finish, ITEM, look_ahead=self.look_ahead)
        await events.append(
            tx, run.id, EventKind.FINISHING, who=by, data={"runId": finish.id}, note=note
        )
        await self.engine.publish(tx, [out])
        log.info("run_finishing", run=run.id, family=run.family, finish=finish.id)
        return finish.id
