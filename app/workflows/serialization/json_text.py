"""What JSON and Postgres cannot hold: NUL characters, half characters, numbers that are none."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

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


def unstorable(data: object) -> tuple[str, str] | None:
    """Where in JSON data something stands that a jsonb cannot hold, and what; None: nowhere.

    Keys are looked at too; the place of one that is refused is its owner's.
    """
    return next(_faults(data, ""), None)


def _faults(data: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(data, str):
        if (why := _of_text(data)) is not None:
            yield place, why
    elif isinstance(data, float):
        if not math.isfinite(data):
            yield place, "is no number that JSON has, such as NaN or 1e400"
    elif isinstance(data, Mapping):
        for key, value in data.items():
            if isinstance(key, str) and (why := _of_text(key)) is not None:
                yield place, f"has a name that {why}"
            else:
                yield from _faults(value, f"{place}.{key}" if place else str(key))
    elif isinstance(data, (list, tuple)):
        for number, value in enumerate(data):
            yield from _faults(value, f"{place}.{number}" if place else str(number))


def _of_text(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character, which Postgres cannot store"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a character (a lone surrogate), which no text may"
    return None
