"""Counting what a run would do: a dry run answers it, and layer 1 records it."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from pydantic import BaseModel

from app.store.runs.runs import Statistics
from app.workflows.contract.context import Context
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.sources.distinct_ids import DistinctIds
from app.workflows.sources.item_source import (
    Source,
    Unprocessed,
    pages_of,
    unprocessed,
    without_result,
)

SCAN_PAGE = 1_000
"""Ids filtered per round trip: memory stays bounded, and a round trip is well used."""
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class EligibilityCount:
    """``sample``: the first few ids to process. ``canary``: as many as were asked for, each as
    likely to be among them as any other. ``to_overwrite``: how many of those to process have a
    result; None: nobody looked, or the family does not tell. ``overwrite_exact``: whether that was
    counted to the end, and not extrapolated."""

    statistics: Statistics
    sample: tuple[str, ...]
    canary: tuple[str, ...] = ()
    to_overwrite: int | None = None
    overwrite_exact: bool = True


JUST_ONE = EligibilityCount(Statistics(1, 1, 0), (), to_overwrite=0)
"""What a run is for whose caller hands its entity over: there is no row of which to ask more."""


async def count_eligible(
    bound: BoundFamily,
    source: Source,
    params: BaseModel,
    ctx: Context,
    *,
    force: bool,
    limit: int | None,
    budget: float,
    canary: int = 0,
    overwrites: bool = False,
    chance: random.Random | None = None,
) -> EligibilityCount:
    """Count what is eligible, and stream the ids through ``existing``.

    Args:
        budget: seconds after which the rest is extrapolated from what was seen.
        canary: how many ids to choose, spread over all that are to be processed; past the budget,
            over those that were seen.
        overwrites: whether to look, with ``force``, how many have a result.
    """
    chosen = _Reservoir(canary, chance or random.Random())  # noqa: S311 - a sample, not a secret
    deadline = time.monotonic() + budget
    shown = SAMPLE if limit is None else min(SAMPLE, limit)
    total = await source.count()
    sample: list[str] = []
    overwrites = overwrites and force and bound.filters
    overwritten = 0
    told = overwrites or (bound.filters and not force)  # without force none has a result
    if total is not None and not canary and not overwrites and (force or not bound.filters):
        page = await source.page(None, shown)
        return EligibilityCount(_statistics(total, total, 0, limit, exact=True), tuple(page.ids))

    seen = found = 0
    stale: int | None = None
    known = DistinctIds() if source.repeats else None
    async with aclosing(pages_of(source, SCAN_PAGE)) as pages:
        while True:
            page = await anext(pages)
            ids = page.ids if known is None else known.fresh(page.ids)
            looked = Unprocessed(list(ids)) if force else await unprocessed(bound, ids, params, ctx)
            left, stale = looked.ids, _sum(stale, looked.stale)
            if overwrites:
                within = ids if limit is None else ids[: max(limit - found, 0)]
                overwritten += len(within) - len(await without_result(bound, within, params, ctx))
            seen += len(ids)
            found += len(left)
            chosen.add(left)
            sample += left[: shown - len(sample)]
            if page.next_cursor is None:
                # What was streamed is the newer truth: rows may have come or gone since the COUNT.
                statistics = _statistics(seen, found, seen - found, limit, exact=True, stale=stale)
                return EligibilityCount(
                    statistics, tuple(sample), chosen.ids, overwritten if told else None
                )
            if (
                overwrites
                and not canary
                and total is not None
                and limit is not None
                and found >= limit
            ):
                statistics = _statistics(total, total, 0, limit, exact=True)
                return EligibilityCount(statistics, tuple(sample), to_overwrite=overwritten)
            if time.monotonic() > deadline:
                if total is None:
                    unknown = Statistics(None, None, None, exact=False)
                    return EligibilityCount(unknown, tuple(sample), chosen.ids)
                if overwrites:
                    statistics = _statistics(total, total, 0, limit, exact=True)
                    share = overwritten / found if found else 0
                    guess = round((statistics.to_process or 0) * share)
                    return EligibilityCount(
                        statistics, tuple(sample), chosen.ids, guess, overwrite_exact=False
                    )
                guess = round(total * found / seen) if seen else total
                old = stale and round(total * stale / seen)
                statistics = _statistics(total, guess, total - guess, limit, exact=False, stale=old)
                return EligibilityCount(statistics, tuple(sample), chosen.ids, 0 if told else None)


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other


def _statistics(
    total: int,
    to_process: int,
    already: int,
    limit: int | None,
    *,
    exact: bool,
    stale: int | None = None,
) -> Statistics:
    capped = to_process if limit is None else min(limit, to_process)
    return Statistics(total, capped, already, exact, stale=stale)


class _Reservoir:
    """A uniform sample of a stream whose length nobody knows, in bounded memory (algorithm R:
    Vitter, "Random sampling with a reservoir", 1985)."""

    def __init__(self, size: int, chance: random.Random) -> None:
        self._size = size
        self._chance = chance
        self._seen = 0
        self._kept: list[str] = []

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._kept))

    def add(self, ids: Sequence[str]) -> None:
        if not self._size:
            return
        for item_id in ids:
            self._seen += 1
            if len(self._kept) < self._size:
                self._kept.append(item_id)
            elif (place := self._chance.randrange(self._seen)) < self._size:
                self._kept[place] = item_id
