"""JSON as somebody wrote it: what Python would round or make up is refused, and nothing is lost in
silence."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import NoReturn

from pydantic import JsonValue


def loads(text: str | bytes) -> JsonValue:
    """
    Raises:
        ValueError: it is no JSON, is nested too deeply, or holds a number that cannot be kept as it
            stands there. Integers of any size can.
    """
    try:
        value: JsonValue = json.loads(text, parse_float=number, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def number(text: str) -> float:
    """A number with a fraction or an exponent.

    Raises:
        ValueError: it is none, is too large, or has more digits than are kept.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is no number that can be kept")
    if Decimal(text) != Decimal(repr(value)):
        raise ValueError(
            f"{text[:40]} has more digits than are kept of a number, which are about 16"
        )
    return value


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
