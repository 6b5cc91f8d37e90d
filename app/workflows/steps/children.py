"""Items of other families that a step waits for: each is a run of one item, with all that a run
has, beside whatever its family's overlap policy says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Engine
from app.errors import BadInput
from app.store.items import claims, items
from app.store.items.claims import ItemClaim
from app.store.runs import runs, transitions
from app.store.statuses import ItemStatus, PauseReason, StepStatus
from app.store.steps import steps, suspension
from app.store.steps.steps import StepRecord
from app.store.tables.runs import Run
from app.workflows.contract.exceptions import ChildFailed, StepMisused
from app.workflows.contract.run_options import options_of
from app.workflows.failures.takeover import Superseded
from app.workflows.keys import new_id
from app.workflows.messages import of_woken
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.request import RunRequest, new_run
from app.workflows.runs.start import start_item, start_run, traced
from app.workflows.serialization.codec import ValueCodec
from app.workflows.serialization.params import KeptParams
from app.workflows.sources.item_ids import checked_id, id_text, texts

DEEPEST = 5
"""Children of children."""
ItemId = str | int | UUID
GivenParams = BaseModel | Mapping[str, Any] | None


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


def family_of(families: Mapping[str, BoundFamily], step: str, name: str) -> BoundFamily:
    """
    Raises:
        StepMisused: there is no such family.
    """
    bound = families.get(name)
    if bound is None:
        known = ", ".join(sorted(families))
        raise StepMisused(f"Step {step!r} asks for family {name!r}. Known are: {known}.")
    return bound


def asked_child(
    step: str, bound: BoundFamily, item_id: ItemId, params: GivenParams
) -> tuple[str, KeptParams]:
    """The id of the child's item, and the params of its run.

    Raises:
        StepMisused: the family takes no such params.
        BadInput: it has no such ids.
    """
    with _taken(step, bound):
        kept = bound.params.keep(_read(bound, params))
    child = checked_id(id_text(item_id, "child()"))
    bound.check_ids([child])
    return child, kept


def asked_run(
    step: str,
    bound: BoundFamily,
    params: GivenParams,
    *,
    force: bool,
    item_ids: Sequence[ItemId] | None,
) -> Run:
    """
    Raises:
        StepMisused: the family takes no such params, or has no such ids.
    """
    with _taken(step, bound):
        read = _read(bound, params)
    try:
        named = None if item_ids is None else texts(item_ids)
        request = RunRequest(params=read, force=force, item_ids=named)
        return new_run(bound, request, started_by=f"step {step}")
    except BadInput as error:
        raise StepMisused(f"Step {step!r}: {error.detail}") from None


def _read(bound: BoundFamily, params: GivenParams) -> BaseModel:
    given = {} if params is None else params
    return given if isinstance(given, bound.family.params) else bound.params.of(given)


@contextmanager
def _taken(step: str, bound: BoundFamily) -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        refused = f"{bound.name} does not take these params: {error.detail}"
        raise StepMisused(f"Step {step!r}: {refused}") from None


def result_of(step: str, bound: BoundFamily, text: str | None) -> Any:  # of the child's own type
    """The child's result as its parent's step has it; None: the child was skipped.

    Raises:
        ChildFailed: it ended in another way.
    """
    ended: dict[str, Any] = json.loads(text or "{}")  # as `tell_parent` wrote it
    outcome = ended.get("outcome")
    if outcome == ItemStatus.SUCCEEDED:
        return bound.results.read(json.dumps(ended["result"]), ended.get("exact"))
    if outcome == ItemStatus.SKIPPED:
        return None
    raise ChildFailed(step, outcome or "gone", ended.get("message"))


async def tell_parent(engine: Engine, tx: AsyncConnection, child: Run) -> None:
    """The child has ended: its parent's step is done, and the parent goes on if it waits."""
    if child.parent_run is None or child.parent_item is None or child.parent_step is None:
        return
    ended: dict[str, Any] = {"outcome": ItemStatus.CANCELLED, "message": child.detail}
    for item in await items.page_of_items(tx, child.id, limit=1):
        ended = {"outcome": item.status, "result": item.result, "message": item.error_message}
        if item.exact is not None:
            ended["exact"] = item.exact
    place = (child.parent_run, child.parent_item)
    # Whoever ends a child has locked it already, before the runs.
    await suspension.lock(tx, [place])
    asked = (*place, child.parent_step)
    if await steps.answer(tx, asked, StepStatus.WAITING, json.dumps(ended), None):
        await engine.publish(tx, of_woken(await suspension.go_on(tx, [place])))
