"""What executing an item would give, and what it would overwrite; nothing is saved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from pydantic import BaseModel

from app.workflows.attempts.attempt_result import AttemptResult, History
from app.workflows.batching.batched_calls import SingleCalls
from app.workflows.contract.context import Context
from app.workflows.item_partitions import partitioned, partitions_of
from app.workflows.keys import Layer
from app.workflows.layers.attempt import attempt
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.sources.item_source import without_result
from app.workflows.steps.preview import PreviewStepRunner

HANDED_OVER = "adhoc"
"""The id, in a preview, of an item whose entity the caller hands over."""


Turn = Callable[[Callable[[], Awaitable[AttemptResult]]], Awaitable[AttemptResult]]


class Permit(Protocol):
    def __call__(
        self, flow_key: str, patience: float | None = None, partition: str | None = None
    ) -> AbstractAsyncContextManager[None]:
        """``patience``: seconds to wait for it; None: as ever. ``partition``: of the item, where
        partitions have limits."""


@dataclass(frozen=True, slots=True)
class PreviewService:
    context: Callable[..., Context]
    permit: Permit
    """For a flow key, of the gate that all workers pass."""
    families: Mapping[str, BoundFamily]
    """Of which steps may ask for runs."""

    async def preview(
        self,
        bound: BoundFamily,
        item: str | BaseModel,
        params: BaseModel,
        *,
        patience: float | None = None,
        turn: Turn | None = None,
    ) -> AttemptResult:
        """Run ``load`` and ``execute`` for one item, and never ``save``. It takes its turn as an
        item of a run does, so that the family's limits hold for both together.

        Args:
            item: its id; or an entity of the caller's, which takes the place of ``load``.
            patience: seconds for which it waits for its turn; None: as ever.
            turn: is called when its turn has come, and executes it while that is held.

        Raises:
            BadInput: a run with these params, or for this entity, could not be started, or it is no
                id of this family.
            SluiceError: its turn does not come: see ``app.flow.caller_gate``.
        """
        bound.params.keep(params)
        if isinstance(item, BaseModel):
            bound.keep_entity(item)
            item_id, entity = HANDED_OVER, item
        else:
            bound.check_ids([item])
            item_id, entity = item, None
        ctx = self.context(bound, item_id=item_id, preview=True)
        permit = partial(self.permit, patience=patience)
        calls = SingleCalls(bound, params, partial(self.context, preview=True), permit)
        runner = PreviewStepRunner(bound, ctx.services.http, item_id, calls, self.families)
        ctx = replace(ctx, runner=runner)
        execute = partial(attempt, bound, item_id, params, ctx, History(), entity=entity)
        partition = None
        if entity is None and partitioned(bound):
            partition = (await partitions_of(bound, params, ctx, [item_id]))[item_id] or None
        async with permit(bound.flow_key(Layer.EXECUTE), partition=partition):
            return await (execute() if turn is None else turn(execute))

    async def has_result(self, bound: BoundFamily, item_id: str, params: BaseModel) -> bool | None:
        """Whether executing the item would overwrite a result. None: the family does not tell."""
        if not bound.filters:
            return None
        ctx = self.context(bound, item_id=item_id, preview=True)
        return not await without_result(bound, [item_id], params, ctx)

    async def stored(self, bound: BoundFamily, item_id: str, params: BaseModel) -> Any:
        """What is stored for the item, as JSON holds it, for its preview to be compared with.
        None: nothing is, or the family does not tell."""
        if bound.stored is None:
            return None
        ctx = self.context(bound, item_id=item_id, preview=True)
        with told(bound.name, "stored()"):
            found = await bound.stored(item_id, params, ctx)
        return None if found is None else bound.results.shown(found)
