"""One attempt at one item: call the family's methods, and say how it ended."""

from __future__ import annotations

import asyncio
import json
import random
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from app.store.lifecycle import ItemStatus
from app.workflows.bound import BoundFamily
from app.workflows.error_groups import group_of
from app.workflows.family import Context, Cost, Skip
from app.workflows.preview_tools import PreviewStops, Stop
from app.workflows.rest import Parked, Wait
from app.workflows.signals import is_terminal

LONGEST_MESSAGE = 2_000
LONGEST_TRACEBACK = 8_000
MOST_POSTPONEMENTS = 1_000
"""RetryAfter uses up no attempt; without a bound it could put an item off for ever."""


@dataclass(slots=True)
class History:
    """What earlier deliveries of the item left behind. ``result`` is JSON; ``exact`` as in
    ``app.workflows.results``."""

    attempts: int = 0
    postponements: int = 0
    executed: bool = False
    result: str | None = None
    exact: str | None = None

    @property
    def value(self) -> Any:  # whatever the JSON holds
        return None if self.result is None else json.loads(self.result)


NOTHING = Cost()


@dataclass(slots=True)
class Verdict:
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
    stop: Stop | None = None
    """Where a preview stopped."""
    waits: Sequence[Wait] = ()
    """What a suspended item waits for. Its ``delay`` is how long at the most; None: it has to be
    told."""


async def attempt(
    bound: BoundFamily, item_id: str, params: BaseModel, ctx: Context, history: History
) -> Verdict:
    """Load, execute and save one item. Never raises for what the family raised."""
    started_at, clock = datetime.now(UTC), time.perf_counter()
    progress = _Progress(history)
    limit = asyncio.timeout(bound.family.timeout.total_seconds())
    error: Exception | None = None
    status = ItemStatus.SUCCEEDED
    try:
        async with limit:
            await progress.go(bound, item_id, params, ctx)
    except PreviewStops as stops:
        verdict = Verdict(ItemStatus.SUSPENDED, history, started_at, datetime.now(UTC), _ms(clock))
        return replace(verdict, stop=stops.stop)
    except Parked as parked:
        return _parked(history, parked.waits, ctx, started_at, clock)
    except Skip as skip:
        status, error = ItemStatus.SKIPPED, skip
    except Exception as caught:  # noqa: BLE001 - the one place that records an item's failure
        error = caught
        status = ItemStatus.TIMED_OUT if limit.expired() else ItemStatus.FAILED
    reached = progress.history
    verdict = Verdict(
        status,
        replace(reached, attempts=history.attempts + 1),
        started_at,
        datetime.now(UTC),
        _ms(clock),
    )
    if ctx.meter.usd or ctx.meter.tokens:
        verdict.spent = Cost(ctx.meter.usd, ctx.meter.tokens)
    if error is None:
        return verdict
    if status is ItemStatus.SKIPPED:
        return replace(verdict, error_message=_clean(str(error), LONGEST_MESSAGE))
    return _judge(bound, verdict, error, item_id)


class _Progress:
    """Keeps what was reached when a later step fails, so that it is not paid for twice."""

    def __init__(self, history: History) -> None:
        self.history = history

    async def go(self, bound: BoundFamily, item_id: str, params: BaseModel, ctx: Context) -> None:
        entity = await bound.load(item_id, ctx)
        if entity is None:
            raise Skip("The item is gone.")
        result: Any  # of the family's own type
        if self.history.executed and self.history.result is not None:
            result = bound.results.read(self.history.result, self.history.exact)
        else:
            work = bound.execute(entity, params, ctx)
            result = await (work if ctx.tools is None else ctx.tools.around(work))
            kept = bound.results.keep(result)
            former = self.history
            self.history = History(
                former.attempts, former.postponements, True, kept.json, kept.exact
            )
            result = kept.value
        if not ctx.preview:
            await bound.save(entity, result, params, ctx)


def _ms(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _parked(
    history: History, waits: Sequence[Wait], ctx: Context, started_at: datetime, clock: float
) -> Verdict:
    lefts = [wait.left for wait in waits if wait.left is not None]
    later = replace(history, postponements=history.postponements + bool(lefts))
    return Verdict(
        ItemStatus.SUSPENDED,
        later,
        started_at,
        datetime.now(UTC),
        _ms(clock),
        delay=min(lefts, default=None),
        spent=Cost(ctx.meter.usd, ctx.meter.tokens),
        waits=waits,
    )


def _judge(bound: BoundFamily, verdict: Verdict, error: Exception, item_id: str) -> Verdict:
    history = verdict.history
    message = _clean(str(error), LONGEST_MESSAGE)
    verdict = replace(
        verdict,
        # A step's failure is named for what the step raised.
        error_class=getattr(error, "error_class", None) or type(error).__qualname__,
        error_message=message,
        error_group=group_of(message, item_id),
        error_traceback=_clean(
            "".join(traceback.format_exception(error)), LONGEST_TRACEBACK, keep_end=True
        ),
    )
    if verdict.status is ItemStatus.TIMED_OUT:
        limit = bound.family.timeout.total_seconds()
        message = f"It took longer than {limit:g} s."
        return replace(verdict, error_class="Timeout", error_message=message, error_group=message)
    if getattr(error, "systemic", False) is True:
        # Not the item's fault: it keeps its attempts, and stays to be done.
        unused = replace(history, attempts=history.attempts - 1)
        return replace(verdict, status=ItemStatus.PENDING, history=unused, systemic=True)
    asked = getattr(error, "retry_after", None)
    if isinstance(asked, timedelta) and history.postponements < MOST_POSTPONEMENTS:
        later = replace(
            history, attempts=history.attempts - 1, postponements=history.postponements + 1
        )
        return replace(verdict, status=ItemStatus.PENDING, history=later, delay=asked)
    if is_terminal(error) or history.attempts >= bound.family.attempts:
        return verdict
    chance = random.random()  # noqa: S311 - jitter, not a secret
    delay = bound.family.backoff.delay(history.attempts, chance)
    return replace(verdict, status=ItemStatus.PENDING, delay=delay)


def _clean(text: str, longest: int, *, keep_end: bool = False) -> str:
    """Cut, and free of what Postgres refuses in text: NUL and lone surrogates."""
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = text.encode("utf-8", "replace").decode()
    if len(text) <= longest:
        return text
    return "…" + text[-longest:] if keep_end else text[:longest] + "…"
