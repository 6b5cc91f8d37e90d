"""Durations as one types them: ``60s``, ``12h``, ``30d``."""

from __future__ import annotations

import re
from datetime import timedelta

from app.errors import BadInput

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
LONGEST = timedelta(days=36_500)


def parse_duration(
    option: str, text: str, *, least: float = 0.0, most: timedelta = LONGEST
) -> timedelta:
    """
    Args:
        least: seconds.

    Raises:
        BadInput: no duration above 0, or one that is too short or too long; names ``option``.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not seconds:
        raise BadInput(
            f"{option}: it must be a number above 0 and a unit, such as 90s, 15m, 12h, 30d or 4w,"
            f" not {text[:60]!r}."
        )
    if seconds < least:
        raise BadInput(f"{option}: it must be at least {least:g}s, not {text[:60]!r}.")
    if seconds > most.total_seconds():
        raise BadInput(f"{option}: it must be at most {most.days}d, not {text[:60]!r}.")
    return timedelta(seconds=seconds)
