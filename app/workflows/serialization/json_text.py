"""A JSON text as Postgres's jsonb takes it, and gives it back."""

from __future__ import annotations

import json
import re
from decimal import Decimal

from app.errors import BadInput

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""Its escape, but not a backslash that is followed by the letters of one."""


def holds_nul(text: str) -> bool:
    """Whether a JSON text holds a NUL character, which Postgres refuses in jsonb."""
    return "\\u0000" in text and _NUL.search(text) is not None


def as_jsonb(text: str) -> object:
    """What a JSON text is once it was a jsonb: there 1e23 is an integer of 24 digits."""
    return json.loads(text, parse_float=_number)


def _number(spelt: str) -> int | float:
    digits = format(Decimal(spelt), "f")
    return float(digits) if "." in digits else int(digits)


def require_small(size: int, largest: int, word: str) -> None:
    """
    Args:
        size: as JSON, with secrets.
        word: what it is called: ``params`` or ``entity``.

    Raises:
        BadInput: it is too large to be kept with a run.
    """
    if size > largest:
        ids = "; ids belong into itemIds or a list" if word == "params" else ""
        weighs = "weigh" if word == "params" else "weighs"
        raise BadInput(
            f"{word} {weighs} {size:,} bytes as JSON, and at most {largest:,} are kept"
            " (SLUICE_MAX_PARAMS_BYTES). Put it where large things are kept, and name the"
            f" place{ids}.",
            field=word,
        )
