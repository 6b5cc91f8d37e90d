"""One attempt at one item: call the family's methods, and say how it ended."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from app.store.statuses import ItemStatus
from app.workflows.contract.context import Context, Cost
from app.workflows.contract.exceptions import Ruling, Skip, disposition, members
from app.workflows.failures.delays import before_retry, remark
from app.workflows.failures.error_text import class_of, sentence_of_all, traceback_of
from app.workflows.failures.fingerprint import fingerprint
from app.workflows.failures.interruption import Interruption
from app.workflows.layers.item_clock import ItemClock
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import AT_WORK
from app.workflows.serialization.results import Results
from app.workflows.steps.preview import PreviewStop, PreviewStopped
from app.workflows.steps.suspension import ItemSuspended, PendingWait

MOST_POSTPONEMENTS = 1_000
"""RetryAfter uses up no attempt; without a bound it could put an item off for ever."""


@dataclass(slots=True)
class History:
    """What earlier deliveries of the item left behind. ``result`` is JSON; ``exact`` as in
    ``app.workflows.serialization.results``."""

    attempts: int = 0
    postponements: int = 0
    executed: bool = False
    result: str | None = None
    exact: str | None = None

    @property
    def value(self) -> Any:  # whatever the JSON holds
        return None if self.result is None else json.loads(self.result)


NOTHING = Cost()
NO_TIME = timedelta(0)


@dataclass(slots=True)
class AttemptResult:
    """How an attempt ended. ``PENDING`` or ``SUSPENDED``: come again after ``delay``.

    Made for every item: neither this nor ``History`` is frozen, which would double what it costs.
    """

    status: ItemStatus
    history: History
    started_at: datetime
    finished_at: datetime
    work_ms: int
    delay: timedelta | None = timedelta(0)
    error_class: str | None = None
    error_message: str | None = None
    error_traceback: str | None = None
    error_group: str | None = None
    spent: Cost = NOTHING
    systemic: bool = False
    """The run must pause: every other item would fail as well."""
    stop: PreviewStop | None = None
    """Where a preview stopped."""
    waits: Sequence[PendingWait] = ()
    """What a suspended item waits for. Its ``delay`` is how long at the most; None: it has to be
    told."""


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
) -> AttemptResult:
    """Load, execute and save one item. Never raises for what the family raised, whatever that is.

    A cancellation of the task itself is answered like one that the code ran into: who made the task
    knows whether it was asked to end.

    Args:
        attempts: that may fail; None: as many as the family says.
        entity: what a caller handed over; None: it is loaded.
        finish: called in place of all three, where the item is a run's finish.
    """
    started_at, clock = datetime.now(UTC), time.perf_counter()
    progress = _Progress(bound, ctx, history)
    interruption = Interruption()
    AT_WORK.set(True)
    # Who asks for a preview waits for its answer, and so for whatever it waits for.
    limit = ItemClock(bound.family.timeout.total_seconds(), patient=not ctx.preview)
    error: BaseException | None = None
    try:
        async with limit:
            if finish is None:
                await progress.go(item_id, params, entity)
            else:
                await progress.finish(finish())
    except ItemSuspended as parked:
        return _parked(history, parked.waits, ctx, started_at, clock + limit.waited)
    except BaseException as caught:
        if interruption.thrown_away(caught):
            raise
        error = caught
    clock += limit.waited
    now = progress.history
    verdict = AttemptResult(
        ItemStatus.SUCCEEDED,
        History(history.attempts + 1, now.postponements, now.executed, now.result, now.exact),
        started_at,
        datetime.now(UTC),
        _ms(clock),
    )
    if ctx.meter.usd or ctx.meter.tokens:
        verdict.spent = Cost(ctx.meter.usd, ctx.meter.tokens)
    if error is None:
        return verdict
    for one in members(error):
        if isinstance(one, PreviewStopped):
            return replace(verdict, status=ItemStatus.SUSPENDED, history=history, stop=one.stop)
    most = bound.family.attempts if attempts is None else attempts
    return _judge(bound, verdict, error, item_id, attempts=most, timed_out=limit.expired)


class _Progress:
    """Keeps what was reached when a later step fails, so that it is not paid for twice."""

    def __init__(self, bound: BoundFamily, ctx: Context, history: History) -> None:
        self.history = history
        self._bound = bound
        self._ctx = ctx

    async def go(self, item_id: str, params: BaseModel, own: BaseModel | None) -> None:
        bound, ctx = self._bound, self._ctx
        save = bound.save if own is None else bound.save_invoked
        # A copy: what one attempt makes of it is not for the next one.
        entity = await bound.load(item_id, ctx) if own is None else own.model_copy(deep=True)
        if entity is None:
            raise Skip("The item is gone.")
        result: Any  # of the family's own type
        if self.history.executed and self.history.result is not None:
            result = bound.results.read(self.history.result, self.history.exact)
        else:
            result = await self._result(bound.execute(entity, params, ctx), bound.results)
        if not ctx.preview:
            await save(entity, result, params, ctx)

    async def finish(self, work: Awaitable[Any]) -> None:
        await self._result(work, self._bound.finishes)

    async def _result(self, work: Awaitable[Any], results: Results) -> Any:  # as it will be read
        tools, former = self._ctx.tools, self.history
        kept = results.keep(await (work if tools is None else tools.around(work)))
        self.history = History(former.attempts, former.postponements, True, kept.json, kept.exact)
        return kept.value


def _ms(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _parked(
    history: History, waits: Sequence[PendingWait], ctx: Context, started_at: datetime, clock: float
) -> AttemptResult:
    lefts = [wait.left for wait in waits if wait.left is not None]
    later = replace(history, postponements=history.postponements + bool(lefts))
    return AttemptResult(
        ItemStatus.SUSPENDED,
        later,
        started_at,
        datetime.now(UTC),
        _ms(clock),
        delay=min(lefts, default=None),
        spent=Cost(ctx.meter.usd, ctx.meter.tokens),
        waits=waits,
    )


def _judge(
    bound: BoundFamily,
    verdict: AttemptResult,
    error: BaseException,
    item_id: str,
    *,
    attempts: int,
    timed_out: bool,
) -> AttemptResult:
    history, found = verdict.history, disposition(error)
    message = sentence_of_all(found)
    if found.ruling is Ruling.SKIP:
        return replace(verdict, status=ItemStatus.SKIPPED, error_message=message)
    verdict = replace(
        verdict,
        status=ItemStatus.FAILED,
        error_class=class_of(found.error),
        error_message=message,
        error_group=fingerprint(message, item_id),
        error_traceback=traceback_of(error),
    )
    if timed_out:
        limit = bound.family.timeout.total_seconds()
        message = f"It took longer than {limit:g} s."
        return replace(
            verdict,
            status=ItemStatus.TIMED_OUT,
            error_class="Timeout",
            error_message=message,
            error_group=message,
        )
    unused = replace(history, attempts=history.attempts - 1)
    if found.ruling is Ruling.PAUSE:
        # Not the item's fault: it keeps its attempts, and stays to be done.
        return replace(verdict, status=ItemStatus.PENDING, history=unused, systemic=True)
    if found.ruling is Ruling.POSTPONE and history.postponements < MOST_POSTPONEMENTS:
        later = replace(unused, postponements=history.postponements + 1)
        return _again(replace(verdict, history=later), found.delay or NO_TIME)
    if found.ruling is Ruling.FAIL or history.attempts >= attempts:
        return verdict
    if found.delay is not None:
        return _again(verdict, found.delay)
    chance = random.random()  # noqa: S311 - jitter, not a secret
    return _again(verdict, bound.family.backoff.delay(history.attempts, chance))


def _again(verdict: AttemptResult, asked: timedelta) -> AttemptResult:
    chance = random.random()  # noqa: S311 - jitter, not a secret
    return replace(
        verdict,
        status=ItemStatus.PENDING,
        delay=before_retry(asked, chance),
        error_message=f"{verdict.error_message}{remark(asked)}",
    )
