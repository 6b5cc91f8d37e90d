"""What differs between two JSON objects, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from app.cli.output.console import summary


def differences(
    before: Mapping[str, object] | None, after: Mapping[str, object] | None
) -> list[str]:
    """Field by field, as ``rate: 5 → 2``; one that is as it was is left out, and of what is new or
    gone there is one side alone."""
    if before is None or after is None:
        there = before or after or {}
        return [f"{name}: {_told(value)}" for name, value in there.items()]
    names = [name for name in before if before[name] != after.get(name)]
    return [f"{name}: {_told(before[name])} → {_told(after.get(name))}" for name in names]


def _told(value: object) -> str:
    return "none" if value is None else summary(value) or json.dumps(value)
