"""One attempt at one item: call the family's methods, and say how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from app.store.statuses import ItemStatus
from app.workflows.attempts.attempt_result import AttemptResult, History, unix_us
from app.workflows.attempts.verdict import judged
from app.workflows.contract.context import Context, Cost
from app.workflows.contract.exceptions import Skip, members
from app.workflows.failures.interruption import Interruption
from app.workflows.layers.item_clock import ItemClock, ItemClocks
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import AT_WORK
from app.workflows.serialization.results import Results
from app.workflows.steps.preview import PreviewStopped
from app.workflows.steps.suspension import ItemSuspended, PendingWait


async def attempt(
    bound: BoundFamily,
    item_id: str,
    params: BaseModel,
    ctx: Context,
    history: History,
    *,
    attempts: int | None = None,
    entity: BaseModel | None = None,
    finish: Callable[[], Awaitable[Any]] | None = None,
    clocks: ItemClocks | None = None,
) -> AttemptResult:
    """Load, execute and save one item. Never raises for what the family raised, whatever that is.

    A cancellation of the task itself is answered like one that the code ran into: who made the task
    knows whether it was asked to end.

    Args:
        attempts: that may fail; None: as many as the family says.
        entity: what a caller handed over; None: it is loaded.
        finish: called in place of all three, where the item is a run's finish.
        clocks: of the worker.
    """
    started_us, clock = unix_us(), time.perf_counter()
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("An item is attempted within a task.")
    progress = _Progress(bound, ctx, history, task)
    interruption = Interruption(task)
    AT_WORK.set(True)
    # Who asks for a preview waits for its answer, and so for whatever it waits for.
    limit = ItemClock(task, bound.family.timeout.total_seconds(), clocks, patient=not ctx.preview)
    error: BaseException | None = None
    try:
        async with limit:
            if finish is None:
                await progress.go(item_id, params, entity)
            else:
                await progress.finish(finish())
    except ItemSuspended as parked:
        return progress.timed(_parked(history, parked.waits, ctx, started_us, clock, limit.waited))
    except BaseException as caught:
        if interruption.thrown_away(caught):
            raise
        error = caught
    now = progress.history
    verdict = AttemptResult(
        ItemStatus.SUCCEEDED,
        History(history.attempts + 1, now.postponements, now.executed, now.result, now.exact),
        started_us,
        unix_us(),
        _ms(clock + limit.waited),
        begun=clock,
    )
    progress.timed(verdict)
    if ctx.meter.usd or ctx.meter.tokens:
        verdict.spent = Cost(ctx.meter.usd, ctx.meter.tokens)
    if error is None:
        return verdict
    for one in members(error):
        if isinstance(one, PreviewStopped):
            return replace(verdict, status=ItemStatus.SUSPENDED, history=history, stop=one.stop)
    most = bound.family.attempts if attempts is None else attempts
    return judged(bound, verdict, error, item_id, attempts=most, timed_out=limit.expired)


class _Progress:
    """Keeps what was reached when a later step fails, so that it is not paid for twice."""

    def __init__(
        self, bound: BoundFamily, ctx: Context, history: History, task: asyncio.Task[Any]
    ) -> None:
        self.history = history
        self._task = task
        self._bound = bound
        self._ctx = ctx
        self._executing = self._saving = 0.0

    async def go(self, item_id: str, params: BaseModel, own: BaseModel | None) -> None:
        bound, ctx = self._bound, self._ctx
        save = bound.save if own is None else bound.save_invoked
        # A copy: what one attempt makes of it is not for the next one.
        entity = await bound.load(item_id, ctx) if own is None else own.model_copy(deep=True)
        if entity is None:
            raise Skip("The item is gone.")
        result: Any  # of the family's own type
        self._executing = time.perf_counter()
        if self.history.executed and self.history.result is not None:
            result = bound.results.read(self.history.result, self.history.exact)
            self._executing = 0.0
        else:
            result = await self._result(bound.execute(entity, params, ctx), bound.results)
        if not ctx.preview:
            self._saving = time.perf_counter()
            await save(entity, result, params, ctx)

    async def finish(self, work: Awaitable[Any]) -> None:
        await self._result(work, self._bound.finishes)

    def timed(self, found: AttemptResult) -> AttemptResult:
        """The same result, with how long ``execute`` and ``save`` have taken until now."""
        now = time.perf_counter()
        if self._executing:
            found.execute_seconds = (self._saving or now) - self._executing
        if self._saving:
            found.save_seconds = now - self._saving
        return found

    async def _result(self, work: Awaitable[Any], results: Results) -> Any:  # as it will be read
        runner, former = self._ctx.runner, self.history
        kept = results.keep(await (work if runner is None else runner.around(work, self._task)))
        self.history = History(former.attempts, former.postponements, True, kept.json, kept.exact)
        return kept.value


def _ms(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _parked(
    history: History,
    waits: Sequence[PendingWait],
    ctx: Context,
    started_us: int,
    clock: float,
    waited: float,
) -> AttemptResult:
    lefts = [wait.left for wait in waits if wait.left is not None]
    later = replace(history, postponements=history.postponements + bool(lefts))
    return AttemptResult(
        ItemStatus.SUSPENDED,
        later,
        started_us,
        unix_us(),
        _ms(clock + waited),
        begun=clock,
        delay=min(lefts, default=None),
        spent=Cost(ctx.meter.usd, ctx.meter.tokens),
        waits=waits,
    )
