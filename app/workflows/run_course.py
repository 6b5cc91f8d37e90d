"""The course of a run: its samples between where it began and where it stands, with the pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from app.store.samples import COUNTERS, Sample
from app.store.tables import Run


@dataclass(frozen=True, slots=True)
class Point:
    """``items_per_second`` and ``mean_ms`` are of the time since the point before; the mean is of
    the work of items that ended in it, None where none did."""

    sample: Sample
    items_per_second: float | None
    mean_ms: float | None


def course(run: Run, sampled: Sequence[Sample], now: datetime) -> list[Point]:
    """The oldest first; nothing of a run that has not begun."""
    if run.started_at is None:
        return []
    start = Sample(at=run.started_at, **dict.fromkeys(COUNTERS, 0))
    stands = Sample(at=run.finished_at or now, **{name: getattr(run, name) for name in COUNTERS})
    between = [sample for sample in sampled if start.at < sample.at < stands.at]
    all_of_it = [start, *between, stands]
    return [Point(start, None, None), *(_point(a, b) for a, b in pairwise(all_of_it))]


def _point(former: Sample, sample: Sample) -> Point:
    seconds = (sample.at - former.at).total_seconds()
    ended = _ended(sample) - _ended(former)
    worked = _worked(sample) - _worked(former)
    return Point(
        sample,
        round(max(ended, 0) / seconds, 3) if seconds > 0 else None,
        round((sample.work_ms - former.work_ms) / worked, 3) if worked > 0 else None,
    )


def _ended(sample: Sample) -> int:
    return _worked(sample) + sample.skipped + sample.cancelled


def _worked(sample: Sample) -> int:
    return sample.succeeded + sample.failed + sample.timed_out
