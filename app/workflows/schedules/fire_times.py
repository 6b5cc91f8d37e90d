"""When a cron expression is due, through clock changes.

An expression whose minute and hour are both named stands for times of the day: each comes once a
day, at the first of two when the clock is set back, and a time that the clock leaps over is made up
for right behind the leap. One with a star in minute or hour goes by elapsed time, and neither stops
nor hurries. These are the rules of Debian's cron, and CronSim's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

# CronSim says "21th" and "31th"; up to the ninth it has words, and the eleventh is below twenty.
_ORDINAL = re.compile(r"\b([2-9][123])th\b")
_ENDINGS = {"1": "st", "2": "nd", "3": "rd"}


def fire_times(expression: str, tz: str, after: datetime) -> Iterator[datetime]:
    """Later than ``after``, each later than the one before; in UTC. Both must have been checked."""
    last = after
    for local in CronSim(expression, after.astimezone(ZoneInfo(tz))):
        moment = local.astimezone(UTC)
        # Two times of the day may be one moment, and a time that comes twice may lie behind us.
        if moment > last:
            last = moment
            yield moment


def next_fire(expression: str, tz: str, after: datetime) -> datetime | None:
    """The next fire time; None: there is none within fifty years."""
    return next(fire_times(expression, tz, after), None)


def latest_fire(expression: str, tz: str, due: datetime, now: datetime) -> datetime:
    """The last fire time that is not later than ``now``, and not earlier than ``due``, which is
    one. However long ago that was, it takes few steps: the stretch looked at doubles each time."""
    stretch = timedelta(minutes=5)
    while (since := now - stretch) > due:
        passed = None
        for moment in fire_times(expression, tz, since):
            if moment > now:
                break
            passed = moment
        if passed is not None:
            return passed
        stretch *= 2
    for moment in fire_times(expression, tz, due):
        if moment > now:
            break
        due = moment
    return due


def coming(expression: str, tz: str, due: datetime, number: int) -> list[datetime]:
    """``due`` and what follows it, so many in all."""
    return [due, *islice(fire_times(expression, tz, due), number - 1)]


def in_words(expression: str) -> str | None:
    """The expression in words; None: it cannot be described."""
    try:
        words = str(CronSim(expression, datetime.now(UTC)).explain())
    except (CronSimError, ValueError, LookupError):
        return None
    return _ORDINAL.sub(lambda found: found[1] + _ENDINGS[found[1][-1]], words)
