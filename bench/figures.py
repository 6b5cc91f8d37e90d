"""What a row answers: figures, some of them with a target."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """``met``: whether ``value`` reaches ``target``, which is written with its comparison; None: it
    has no target."""

    row: str
    target: str
    value: float
    unit: str
    met: bool | None


def at_least(row: str, target: float, value: float, unit: str) -> Figure:
    return Figure(row, f">= {target:g}", round(value, 3), unit, value >= target)


def at_most(row: str, target: float, value: float, unit: str) -> Figure:
    return Figure(row, f"<= {target:g}", round(value, 3), unit, value <= target)


def measured(row: str, value: float, unit: str) -> Figure:
    """One without a target."""
    return Figure(row, "", round(value, 3), unit, None)
