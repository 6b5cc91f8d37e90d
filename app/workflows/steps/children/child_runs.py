"""Items of other families that a step waits for: each is a run of one item, with all that a run
has, beside whatever its family's overlap policy says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Engine
from app.store.items import claims
from app.store.items.claims import ItemClaim
from app.store.runs import runs, transitions
from app.store.statuses import PauseReason, StepStatus
from app.store.steps import steps
from app.store.steps.steps import StepRecord
from app.store.tables.runs import Run
from app.workflows.contract.exceptions import StepMisused
from app.workflows.contract.run_options import options_of
from app.workflows.failures.takeover import Superseded
from app.workflows.keys import new_id
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.start import start_item, start_run, traced
from app.workflows.serialization.codec import ValueCodec
from app.workflows.steps.children.request import GivenParams, ItemId, asked_child, asked_run

DEEPEST = 5
"""Children of children."""


@dataclass(frozen=True, slots=True)
class ChildRuns:
    database: AsyncEngine
    engine: Engine
    families: Mapping[str, BoundFamily]
    look_ahead: int

    async def begin(
        self,
        claim: ItemClaim,
        record: StepRecord,
        bound: BoundFamily,
        item_id: ItemId,
        params: GivenParams,
    ) -> None:
        """The step, the child's run and its message are one commit.

        Raises:
            StepMisused: the family takes no such params, or children go too deep.
            Superseded: the item is not in our hands any more.
        """
        child, kept = asked_child(record.name, bound, item_id, params)
        record.child_run = new_id("run")
        async with self.database.begin() as tx:
            if not await claims.held(tx, [claim]):
                raise Superseded("Another worker has taken the item over.")
            if not await steps.claim_child(tx, record):
                return
            priority = await self._require_depth(tx, record)
            run = Run(
                id=record.child_run,
                family=bound.name,
                version=bound.family.version,
                params=kept.json,
                sealed=kept.sealed,
                params_version=kept.version,
                force=True,
                item_ids=[child],
                # One item is no sample: a failure is told to the parent, and pauses nothing.
                options=options_of(bound.family, min_items=2, priority=priority).stored(),
                parent_run=record.run_id,
                parent_item=record.item_id,
                parent_step=record.name,
                started_by=f"step {record.name}",
            )
            with traced(bound, run):
                message = await start_item(tx, run, child, look_ahead=self.look_ahead)
            if bound.family.approval:
                await transitions.pause(
                    tx,
                    run.id,
                    PauseReason.APPROVAL,
                    f"Step {record.name!r} of run {record.run_id} would process {child!r}."
                    " Approve it to let it go on, or cancel it.",
                )
                return
            await self.engine.publish(tx, [message])

    async def start(
        self,
        claim: ItemClaim,
        record: StepRecord,
        bound: BoundFamily,
        values: ValueCodec,
        params: GivenParams,
        *,
        force: bool,
        item_ids: Sequence[ItemId] | None,
    ) -> str | None:
        """Start a run that nobody waits for: the step, the run and its message are one commit.

        Args:
            values: of the family whose step it is.

        Returns:
            What the step remembers: the run's id, as JSON.

        Raises:
            StepMisused: the family takes no such params, or has no such ids.
            Conflict: it has an active run, and refuses another beside it.
            Superseded: the item is not in our hands any more.
        """
        run = asked_run(record.name, bound, params, force=force, item_ids=item_ids)
        record.status, record.finished_at = StepStatus.DONE, datetime.now(UTC)
        record.result = values.dump(run.id, f"{record.name}: result")
        why = {"runId": record.run_id, "itemId": record.item_id}
        async with self.database.begin() as tx:
            if not await claims.held(tx, [claim]):
                raise Superseded("Another worker has taken the item over.")
            if await steps.remember(tx, [record]):
                run.follows = await runs.whole_of(tx, record.run_id)
                await start_run(tx, self.engine, bound, run, why=why)
                return record.result
            known = await steps.find(tx, *record.id)
        return None if known is None else known.result

    async def _require_depth(self, tx: AsyncConnection, record: StepRecord) -> int | None:
        """Returns the priority of the run whose item waits: its child's too."""
        above: str | None = record.run_id
        priority = None
        for _ in range(DEEPEST):
            run = None if above is None else await runs.find(tx, above)
            above = None if run is None else run.parent_run
            if run is not None and run.id == record.run_id:
                priority = run.priority
            if above is None:
                return priority
        raise StepMisused(
            f"Step {record.name!r} would begin a child of a child, {DEEPEST} deep. Does the family"
            " call itself?"
        )
