"""What counts and measures: plain numbers, without a lock.

All that counts runs on one event loop, and so does whoever reads. A counter of a library, which is
made for threads, takes a lock for each observation: an item that does nothing would notice.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from app.metrics.catalog import Metric

UNKNOWN = "_unknown"
"""In the place of a family that the code does not have: no family is called so."""

Labels = tuple[str, ...]
NO_TRACES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One of the observations of a bucket. ``at``: Unix seconds. ``trace``: the run's, if there is
    one."""

    run: str
    value: float
    at: float
    trace: str | None = None


class CounterValues:
    """
    Args:
        known: of which there is a number from the beginning, 0, because what begins with 1 has no
            rate. Whatever else is counted is counted under ``UNKNOWN`` in the first one's place.
    """

    __slots__ = ("metric", "values")

    def __init__(self, metric: Metric, known: Iterable[Labels]) -> None:
        self.metric = metric
        self.values: dict[Labels, float] = dict.fromkeys(known, 0)

    def add(self, *labels: str, by: float = 1) -> None:
        if labels in self.values:
            self.values[labels] += by
        else:
            other = (UNKNOWN, *labels[1:])
            self.values[other] = self.values.get(other, 0) + by


class Histogram:
    """How many observations fell into which bucket.

    Args:
        bounds: as ``Metric.bounds``; behind the last there is one more bucket.
    """

    __slots__ = ("bounds", "counts", "exemplars", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.exemplars: list[Exemplar | None] = [None] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def observe_all(
        self, values: Sequence[float], runs: Sequence[str], traces: Mapping[str, str] = NO_TRACES
    ) -> None:
        """Many at once, which costs a tenth: sorted, they are counted a bucket at a time. Where
        all fall into one, which is usual of quick items, they need not even be sorted.

        Args:
            values: one or more; those below 0 are none.
            runs: of each value the run that it is of.
            traces: of runs, by their ids.
        """
        least, most = min(values), max(values)
        if least >= 0 and (only := bisect_left(self.bounds, most)) == bisect_left(
            self.bounds, least
        ):
            self.counts[only] += len(values)
            self.total += sum(values)
            run = runs[values.index(most)]
            self.exemplars[only] = Exemplar(run, most, time.time(), traces.get(run))
            return
        ordered = sorted(values)
        low = bisect_left(ordered, 0.0)
        self.total += sum(ordered[low:] if low else ordered)
        now = time.time()
        for bucket in range(len(self.counts)):
            if low == len(ordered):
                return
            last = bucket == len(self.bounds)
            high = len(ordered) if last else bisect_right(ordered, self.bounds[bucket], low)
            if high > low:
                self.counts[bucket] += high - low
                largest = ordered[high - 1]
                run = runs[values.index(largest)]
                self.exemplars[bucket] = Exemplar(run, largest, now, traces.get(run))
                low = high


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric as it stands. By the values of its labels."""

    metric: Metric
    values: Mapping[Labels, float | Histogram]
