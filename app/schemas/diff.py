"""How two results differ, as a reader of patches knows it."""

from __future__ import annotations

import difflib
import json
from typing import Any


def unified(before: Any, after: Any) -> str:  # whatever JSON holds
    """A unified diff of both as indented JSON with sorted keys, since Postgres keeps no order of
    them; empty: they are equal."""
    lines = difflib.unified_diff(_lines(before), _lines(after), "stored", "preview", lineterm="")
    return "\n".join(lines)


def _lines(value: Any) -> list[str]:
    # Not splitlines(), for which more ends a line than what JSON escapes.
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).split("\n")
