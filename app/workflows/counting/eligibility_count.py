"""How many items a run would process, and the count as it grows page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.store.runs.runs import Statistics
from app.workflows.contract.parts.page import Page
from app.workflows.counting.partition_sizes import PartitionSizes
from app.workflows.sources.item_source import Unprocessed

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


class EligibilityTally:
    """What was seen so far, and the count that follows from it.

    Args:
        overwrites: whether it is looked up how many of those to process have a result.
        filters: whether those that have a result are left out.
    """

    def __init__(self, limit: int | None, *, overwrites: bool, filters: bool) -> None:
        self.total: int | None = None
        """Of the source's COUNT; None: it cannot tell, or has not told yet."""
        self.limit = limit
        self.filters = filters
        self.shown = SAMPLE if limit is None else min(SAMPLE, limit)
        """Ids of the sample."""
        self.overwritten = 0
        self.overwrites = overwrites
        self._seen = self._found = 0
        self._stale: int | None = None
        self._sample: list[str] = []

    @property
    def limit_is_reached(self) -> bool:
        return self.limit is not None and self._found >= self.limit

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
        known = self.overwrites or self.filters  # where filtered, none has a result
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
        if self.overwrites:
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
