"""Limits as one types them: a whole number, a rate, or ``none``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.config.run_bounds import LONGEST_PERIOD, MOST_AT_ONCE, MOST_STARTS
from app.errors import BadInput

_FRACTION = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_RATE = re.compile(rf"({_FRACTION.pattern})/({_FRACTION.pattern})?([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Rate:
    """``None``: no rate."""

    starts: float | None
    period_seconds: float = 1


def parse_limit(option: str, text: str, *, least: int = 1, most: int) -> int | None:
    """
    Raises:
        BadInput: neither a whole number within these ends nor ``none``; names ``option``.
    """
    if is_none(text):
        return None
    if not re.fullmatch("[0-9]{1,18}", text) or not least <= int(text) <= most:
        raise BadInput(
            f"{option}: it must be a whole number from {least} to {most:,}, or none, not"
            f" {text[:60]!r}."
        )
    return int(text)


def parse_parallelism(option: str, text: str) -> int | None:
    """
    Raises:
        BadInput: see ``parse_limit``.
    """
    return parse_limit(option, text, most=MOST_AT_ONCE)


def parse_fraction(
    option: str, text: str, *, least: float, most: float, above: bool = False
) -> float | None:
    """
    Args:
        above: it must be more than ``least``.

    Raises:
        BadInput: neither a number within these ends nor ``none``; names ``option``.
    """
    if is_none(text):
        return None
    number = float(text) if _FRACTION.fullmatch(text) else -1.0
    if not least <= number <= most or (above and number == least):
        lower = "above" if above else "from"
        upper = "and at most" if above else "to"
        raise BadInput(
            f"{option}: it must be a number {lower} {least:g} {upper} {most:,.15g}, or none, not"
            f" {text[:60]!r}."
        )
    return number


def parse_rate(option: str, text: str) -> Rate:
    """Read ``2/s``, ``0.5/m`` or ``100/30s``.

    Raises:
        BadInput: neither a rate above 0 nor ``none``; names ``option``.
    """
    if is_none(text):
        return Rate(None)
    found = _RATE.fullmatch(text.replace(" ", "").lower())
    rate = Rate(float(found[1]), float(found[2] or 1) * _SECONDS[found[3]]) if found else None
    if rate is None or not rate.starts or not rate.period_seconds:
        raise BadInput(
            f"{option}: it must be starts in a period, both above 0, such as 2/s, 100/m, 5/h or"
            f" 100/30s, or none, not {text[:60]!r}."
        )
    if rate.starts > MOST_STARTS or rate.period_seconds > LONGEST_PERIOD.total_seconds():
        raise BadInput(
            f"{option}: it must be at most {MOST_STARTS:,} starts, in at most"
            f" {LONGEST_PERIOD.days}d, not {text[:60]!r}."
        )
    return rate


def is_none(text: str) -> bool:
    return text.strip().lower() == "none"
