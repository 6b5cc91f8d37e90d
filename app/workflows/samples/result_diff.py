"""How a result differs from what is stored."""

from __future__ import annotations

import difflib
import json
from typing import Any

MOST_LINES = 4_000
"""Of both together. Comparing takes up to the square of their number."""
LONGEST = 20_000
"""Characters."""


def unified(before: Any, after: Any) -> str:  # whatever JSON holds
    """A unified diff of both as indented JSON with sorted keys, since Postgres keeps no order of
    them; empty: they are equal."""
    return _diff(_lines(before), _lines(after))


def bounded_diff(before: Any, after: Any) -> str | None:  # likewise
    """The same, cut where it is long; None: they differ, and are too large to be compared."""
    one, other = _lines(before), _lines(after)
    if one == other:
        return ""
    if len(one) + len(other) > MOST_LINES:
        return None
    text = _diff(one, other)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _diff(one: list[str], other: list[str]) -> str:
    return "\n".join(difflib.unified_diff(one, other, "stored", "preview", lineterm=""))


def _lines(value: Any) -> list[str]:
    # Not splitlines(), for which more ends a line than what JSON escapes.
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).split("\n")
