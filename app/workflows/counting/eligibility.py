"""Counting what a run would do: a dry run answers it, and layer 1 records it."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from pydantic import BaseModel

from app.store.runs.runs import Statistics
from app.workflows.contract.context import Context
from app.workflows.contract.parts.page import Page
from app.workflows.counting.partition_sizes import (
    PartitionSizes,
    PartitionTally,
    partition_sizes,
)
from app.workflows.counting.reservoir import Reservoir
from app.workflows.item_partitions import partitioned
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.sources.distinct_ids import DistinctIds
from app.workflows.sources.item_source import (
    Source,
    Unprocessed,
    pages_of,
    unprocessed,
    without_result,
)
from app.workflows.sources.sql_source import SqlSource

SCAN_PAGE = 1_000
"""Ids filtered per round trip: memory stays bounded, and a round trip is well used."""
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class EligibilityCount:
    """``sample``: the first few ids to process. ``canary``: as many as were asked for, each as
    likely to be among them as any other. ``to_overwrite``: how many of those to process have a
    result; None: nobody looked, or the family does not tell. ``overwrite_exact``: whether that was
    counted to the end, and not extrapolated. ``partitions``: of those to process; None: nobody
    looked, or partitions have no limits."""

    statistics: Statistics
    sample: tuple[str, ...]
    canary: tuple[str, ...] = ()
    to_overwrite: int | None = None
    overwrite_exact: bool = True
    partitions: PartitionSizes | None = None


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
    partitions: bool = False,
    chance: random.Random | None = None,
) -> EligibilityCount:
    """Count what is eligible, and stream the ids through ``existing``.

    Args:
        budget: seconds after which the rest is extrapolated from what was seen; it is not of
            the sizes of partitions.
        canary: how many ids to choose, spread over all that are to be processed; past the budget,
            over those that were seen.
        overwrites: whether to look, with ``force``, how many have a result.
        partitions: whether to count how many each partition has, if partitions have limits.
    """
    deadline = time.monotonic() + budget
    count = partial(
        _count, bound,
        params=params, ctx=ctx, force=force, limit=limit, deadline=deadline, canary=canary,
        overwrites=overwrites and force and bound.filters, chance=chance,
    )  # fmt: skip
    if not (partitions and partitioned(bound)):
        return await count(source)
    if isinstance(source, SqlSource) and (force or not bound.filters):
        sizes = await partition_sizes(source, limit, budget)
        return replace(await count(source), partitions=sizes)
    of = PartitionTally(bound, source, params, ctx)
    found = await count(of.source, of=of)
    return replace(found, partitions=of.sizes(found.statistics.to_process))


async def _count(
    bound: BoundFamily,
    source: Source,
    *,
    params: BaseModel,
    ctx: Context,
    force: bool,
    limit: int | None,
    deadline: float,
    canary: int,
    overwrites: bool,
    chance: random.Random | None,
    of: PartitionTally | None = None,
) -> EligibilityCount:
    chosen = Reservoir(canary, chance or random.Random())  # noqa: S311 - a sample, not a secret
    tally = _Tally(
        await source.count(), limit, overwrites=overwrites, filters=bound.filters and not force
    )
    if tally.total is not None and not (canary or overwrites or tally.filters or of):
        return tally.unfiltered(await source.page(None, tally.shown))

    known = DistinctIds() if source.repeats else None
    async with aclosing(pages_of(source, SCAN_PAGE)) as pages:
        while True:
            page = await anext(pages)
            ids = page.ids if known is None else known.fresh(page.ids)
            if overwrites:
                within = tally.within_limit(ids)
                tally.overwritten += len(within) - len(
                    await without_result(bound, within, params, ctx)
                )
            looked = Unprocessed(list(ids)) if force else await unprocessed(bound, ids, params, ctx)
            if of is not None:
                await of.add(ids, tally.within_limit(looked.ids))
            tally.add(ids, looked)
            chosen.add(looked.ids)
            if page.next_cursor is None:
                return tally.whole(chosen.ids)
            if overwrites and not canary and tally.limit_is_reached:
                return tally.limited()
            if time.monotonic() > deadline:
                return tally.extrapolated(chosen.ids)


class _Tally:
    """What was seen so far, and the count that follows from it.

    Args:
        total: of the source's COUNT; None: it cannot tell.
        overwrites: whether it is looked up how many of those to process have a result.
        filters: whether those that have a result are left out.
    """

    def __init__(
        self, total: int | None, limit: int | None, *, overwrites: bool, filters: bool
    ) -> None:
        self.total = total
        self.limit = limit
        self.filters = filters
        self.shown = SAMPLE if limit is None else min(SAMPLE, limit)
        """Ids of the sample."""
        self.overwritten = 0
        self._overwrites = overwrites
        self._seen = self._found = 0
        self._stale: int | None = None
        self._sample: list[str] = []

    @property
    def limit_is_reached(self) -> bool:
        return self.total is not None and self.limit is not None and self._found >= self.limit

    def within_limit(self, ids: Sequence[str]) -> Sequence[str]:
        """Those of the next ids that a run would process."""
        return ids if self.limit is None else ids[: max(self.limit - self._found, 0)]

    def add(self, ids: Sequence[str], looked: Unprocessed) -> None:
        self._seen += len(ids)
        self._found += len(looked.ids)
        self._stale = _sum(self._stale, looked.stale)
        self._sample += looked.ids[: self.shown - len(self._sample)]

    def unfiltered(self, first: Page) -> EligibilityCount:
        """All of the source is to be processed, and its COUNT says how many that are."""
        return EligibilityCount(self._all(), tuple(first.ids))

    def whole(self, canary: tuple[str, ...]) -> EligibilityCount:
        """All was streamed, which is newer than the COUNT: rows may have come or gone since."""
        already = self._seen - self._found
        statistics = _statistics(
            self._seen, self._found, already, self.limit, exact=True, stale=self._stale
        )
        known = self._overwrites or self.filters  # where filtered, none has a result
        return EligibilityCount(
            statistics, tuple(self._sample), canary, self.overwritten if known else None
        )

    def limited(self) -> EligibilityCount:
        """As many as the limit allows were looked up; the COUNT has the rest."""
        return EligibilityCount(self._all(), tuple(self._sample), to_overwrite=self.overwritten)

    def extrapolated(self, canary: tuple[str, ...]) -> EligibilityCount:
        """The time is over: the rest of the COUNT is taken to be like what was seen."""
        sample = tuple(self._sample)
        if self.total is None:
            return EligibilityCount(Statistics(None, None, None, exact=False), sample, canary)
        if self._overwrites:
            statistics = self._all()
            share = self.overwritten / self._found if self._found else 0
            guess = round((statistics.to_process or 0) * share)
            return EligibilityCount(statistics, sample, canary, guess, overwrite_exact=False)
        if not self.filters:  # the COUNT says all of it
            return EligibilityCount(self._all(), sample, canary)
        total, seen = self.total, self._seen
        guess = round(total * self._found / seen) if seen else total
        old = self._stale and round(total * self._stale / seen)
        statistics = _statistics(total, guess, total - guess, self.limit, exact=False, stale=old)
        return EligibilityCount(statistics, sample, canary, to_overwrite=0)

    def _all(self) -> Statistics:
        total = self.total or 0
        return _statistics(total, total, 0, self.limit, exact=True)


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
