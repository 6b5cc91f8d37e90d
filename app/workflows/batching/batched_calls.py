"""The batched methods of a worker's families, and who waits for their calls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel

from app.flow.gate import Gate, GateClosed
from app.redaction.redactor import IN_USE
from app.workflows.batching.gatherer import NOTHING, Answered, Gatherer
from app.workflows.contract.context import Context, Meter
from app.workflows.contract.exceptions import RetryAfter, StepMisused
from app.workflows.contract.steps.batched_method import Batching
from app.workflows.keys import method_key
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import AT_WORK
from app.workflows.runs.cache import RunCache

SHUT = timedelta(seconds=1)
"""After so long an item comes again whose call the gate sends away: the worker stops."""

Place = tuple[str, str]
"""Run and method: items of other runs may have other params."""


@dataclass(frozen=True, slots=True)
class BatchedCalls:
    """Gathers in one process: calls of other workers are calls of their own.

    Args:
        context: made for each call.
    """

    gate: Gate
    runs: RunCache
    context: Callable[..., Context]
    _gatherers: dict[Place, Gatherer] = field(default_factory=dict)

    async def answer(
        self, bound: BoundFamily, run_id: str, method: str, value: Any, spend: Callable[..., None]
    ) -> Any:  # of the method's own type
        """
        Args:
            spend: is told the item's share of what the calls have cost, also when they fail.

        Raises:
            StepMisused: the family has no such batched method.
            BaseException: what the method raised, or answered, for this value.
        """
        how = batching_of(bound, method)
        place = (run_id, method)
        gatherer = self._gatherers.get(place)
        if gatherer is None:
            gatherer = self._gatherers[place] = Gatherer(
                partial(self._call, bound, run_id, method),
                name=_shown(bound, method),
                size=how.size,
                within=how.within,
                over=partial(self._gatherers.pop, place, None),
            )
        return _result(await gatherer.answer(value), spend)

    async def _call(
        self, bound: BoundFamily, run_id: str, method: str, *call: Any
    ) -> Any:  # whatever the author's method returned
        view = await self.runs.get(run_id)
        if view is None:
            raise StepMisused("The run is deleted.")
        ctx = self.context(bound, run_id=run_id)
        try:
            return await _called(self.gate.call, bound, method, view.params, ctx, *call)
        except GateClosed as closed:
            raise RetryAfter(
                max(closed.again, SHUT),
                f"{method_key(bound.name, method)} lets nothing in just now",
            ) from None


@dataclass(frozen=True, slots=True)
class SingleCalls:
    """Batched methods in a preview: each value is a call of its own, which takes its turn as any
    other does.

    Args:
        permit: for a flow key.
    """

    bound: BoundFamily
    params: BaseModel
    context: Callable[..., Context]
    permit: Callable[[str], AbstractAsyncContextManager[None]]

    async def answer(
        self, method: str, value: Any, spend: Callable[..., None]
    ) -> Any:  # of the method's own type
        """See ``BatchedCalls.answer``."""
        call = partial(
            _called, self.permit, self.bound, method, self.params, self.context(self.bound)
        )
        alone = Gatherer(call, name=_shown(self.bound, method), size=1, within=timedelta(0))
        return _result(await alone.answer(value), spend)


async def _called(
    permit: Callable[[str], AbstractAsyncContextManager[None]],
    bound: BoundFamily,
    method: str,
    params: BaseModel,
    ctx: Context,
    values: list[Any],
    meter: Meter,
    begun: Callable[[], None],
) -> Any:  # whatever the author's method returned
    AT_WORK.set(True)
    IN_USE.set(bound.redactor)
    ctx.meter = meter
    async with permit(method_key(bound.name, method)):
        begun()
        return await bound.batched(method)(values, params, ctx)


def _result(answered: Answered, spend: Callable[..., None]) -> Any:  # of the method's own type
    if answered.spent != NOTHING:
        spend(usd=answered.spent.usd, tokens=answered.spent.tokens)
    if answered.error is not None:
        raise answered.error.with_traceback(answered.trace)
    return answered.result


def _shown(bound: BoundFamily, method: str) -> str:
    return f"{method}() of {bound.name}"


def batching_of(bound: BoundFamily, method: str) -> Batching:
    """
    Raises:
        StepMisused: the family has no such batched method.
    """
    how = bound.batching.get(method)
    if how is None:
        known = ", ".join(sorted(bound.batching)) or "none"
        raise StepMisused(
            f"{bound.name} has no batched method {method!r}; it has {known}. Decorate one with"
            " @batched()."
        )
    return how
