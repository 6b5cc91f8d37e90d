"""The course of a run: its samples between where it began and where it stands, with the pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from app.store.monitoring.samples import COUNTERS, Sample
from app.store.runs.events import Pause
from app.store.tables.runs import Run

LEAST_SECONDS = 1.0
"""By which a pace is divided where a run was paused nearly all the time."""


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """``items_per_second`` and ``mean_ms`` are of the time since the point before, without that in
    which the run was paused; the mean is of the work of items that ended in it, None where none
    did."""

    sample: Sample
    items_per_second: float | None
    mean_ms: float | None


def timeline(
    run: Run, sampled: Sequence[Sample], pauses: Sequence[Pause], now: datetime
) -> list[TimelinePoint]:
    """The oldest first; nothing of a run that has not begun."""
    if run.started_at is None:
        return []
    start = Sample(at=run.started_at, **dict.fromkeys(COUNTERS, 0))
    stands = Sample(at=run.finished_at or now, **{name: getattr(run, name) for name in COUNTERS})
    between = [sample for sample in sampled if start.at < sample.at < stands.at]
    all_of_it = [start, *between, stands]
    return [
        TimelinePoint(start, None, None),
        *(_point(a, b, pauses) for a, b in pairwise(all_of_it)),
    ]


def _point(former: Sample, sample: Sample, pauses: Sequence[Pause]) -> TimelinePoint:
    seconds = (sample.at - former.at).total_seconds()
    if paused := sum(_overlap(former.at, sample.at, pause) for pause in pauses):
        # What was at work when a pause began ends within it: that was no haste.
        seconds = max(seconds - paused, min(seconds, LEAST_SECONDS))
    ended = _ended(sample) - _ended(former)
    worked = _worked(sample) - _worked(former)
    return TimelinePoint(
        sample,
        round(max(ended, 0) / seconds, 3) if seconds > 0 else None,
        round((sample.work_ms - former.work_ms) / worked, 3) if worked > 0 else None,
    )


def _overlap(since: datetime, until: datetime, pause: Pause) -> float:
    """Seconds."""
    begin, end = max(since, pause.at), until if pause.until is None else min(until, pause.until)
    return max((end - begin).total_seconds(), 0.0)


def _ended(sample: Sample) -> int:
    return _worked(sample) + sample.skipped + sample.cancelled


def _worked(sample: Sample) -> int:
    return sample.succeeded + sample.failed + sample.timed_out
