"""Durations as one types them: ``60s``, ``12h``, ``30d``."""

from __future__ import annotations

import re
from datetime import timedelta

from app.errors import BadInput

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
LONGEST = timedelta(days=36_500)
SHORTEST = timedelta.resolution
"""What is less would be rounded to nothing."""


def parse_duration(
    option: str, text: str, *, least: timedelta = SHORTEST, most: timedelta = LONGEST
) -> timedelta:
    """
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
    if seconds < least.total_seconds():
        end = f"{least.total_seconds():f}".rstrip("0").rstrip(".")
        raise BadInput(f"{option}: it must be at least {end}s, not {text[:60]!r}.")
    if seconds > most.total_seconds():
        raise BadInput(f"{option}: it must be at most {most.days}d, not {text[:60]!r}.")
    return timedelta(seconds=seconds)


def parse_seconds(
    option: str, text: str | None, *, least: timedelta = SHORTEST, most: timedelta = LONGEST
) -> float | None:
    """The same as the API takes it; None: it was not named.

    Raises:
        BadInput: see ``parse_duration``.
    """
    if text is None:
        return None
    return parse_duration(option, text, least=least, most=most).total_seconds()
