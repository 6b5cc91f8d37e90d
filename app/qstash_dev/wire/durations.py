"""Lengths of time as headers name them, in two forms: ``1d10h30m``, of what is published, and Go's
``1h15m30.5s``, of what a destination answers."""

from __future__ import annotations

import re

from app.qstash_dev.refusal import QStashRefusal

DAY = 86_400
_UNITS = {"d": DAY, "h": 3_600, "m": 60, "s": 1}
_WHOLE = re.compile(r"(?:\d{1,12}[dhms])+", re.ASCII)
_PART = re.compile(r"(\d+)([dhms])", re.ASCII)

_GO_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "m": 60,
    "h": 3_600,
}
_GO_NUMBER = r"\d{1,12}(?:\.\d{0,12})?|\.\d{1,12}"
_GO_UNIT = "|".join(sorted(_GO_UNITS, key=len, reverse=True))
_GO_WHOLE = re.compile(rf"(?:(?:{_GO_NUMBER})(?:{_GO_UNIT}))+", re.ASCII)
_GO_PART = re.compile(rf"({_GO_NUMBER})({_GO_UNIT})", re.ASCII)


def parse_duration(text: str, header: str) -> int:
    """Seconds.

    Args:
        header: whose value it is, for the refusal.

    Raises:
        QStashRefusal: it is no number with a unit, nor several of them.
    """
    text = text.strip()
    if not _WHOLE.fullmatch(text):
        raise QStashRefusal(f"{header} must be a duration such as 30s, 5m, 2h or 1d12h.")
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def parse_go_duration(text: str) -> float | None:
    """Seconds; None: it is no such duration."""
    if not _GO_WHOLE.fullmatch(text):
        return None
    return sum(float(number) * _GO_UNITS[unit] for number, unit in _GO_PART.findall(text))
