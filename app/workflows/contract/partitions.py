"""How a family's work is divided by time, or by key, into the partitions of a backfill.

A family declares ``partitions = Daily()``, or a method ``partitions(self, since, until)`` that
returns partitions of its own making. Either is called with two datetimes in UTC, and returns the
partitions that begin at or after the first and before the second, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

MOST_PARTITIONS = 10_000
"""Of one backfill; enough for the hours of more than a year."""
USUAL_ACTIVE, MOST_ACTIVE = 3, 100
"""How many of a backfill's partitions have a run at the same time."""


@dataclass(frozen=True, slots=True)
class Partition:
    """``key`` is its name for people. ``params`` are the family's params, by their names in Python,
    that select exactly this partition."""

    key: str
    params: Mapping[str, Any]


Partitioning = Callable[[datetime, datetime], Sequence[Partition]]


@dataclass(frozen=True, slots=True)
class Daily:
    """One partition a day. The param is a ``date``."""

    param: str = "day"

    def __call__(self, since: datetime, until: datetime) -> list[Partition]:
        day = _first(since, timedelta(days=1)).date()
        found: list[Partition] = []
        while _midnight(day) < until and len(found) <= MOST_PARTITIONS:
            found.append(Partition(day.isoformat(), {self.param: day}))
            day += timedelta(days=1)
        return found


@dataclass(frozen=True, slots=True)
class Hourly:
    """One partition an hour. The param is a ``datetime`` in UTC, the hour's beginning."""

    param: str = "hour"

    def __call__(self, since: datetime, until: datetime) -> list[Partition]:
        hour = _first(since, timedelta(hours=1))
        found: list[Partition] = []
        while hour < until and len(found) <= MOST_PARTITIONS:
            found.append(Partition(f"{hour:%Y-%m-%dT%HZ}", {self.param: hour}))
            hour += timedelta(hours=1)
        return found


@dataclass(frozen=True, slots=True)
class Monthly:
    """One partition a month. The param is a ``date``, the month's first day."""

    param: str = "month"

    def __call__(self, since: datetime, until: datetime) -> list[Partition]:
        month = since.date().replace(day=1)
        if _midnight(month) < since:
            month = _next_month(month)
        found: list[Partition] = []
        while _midnight(month) < until and len(found) <= MOST_PARTITIONS:
            found.append(Partition(f"{month:%Y-%m}", {self.param: month}))
            month = _next_month(month)
        return found


def _first(since: datetime, step: timedelta) -> datetime:
    """The first multiple of ``step`` that is not before ``since``."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + -((epoch - since) // step) * step


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
