"""JSON as somebody wrote it, read at every door: what Python would round, make up or drop is
refused, and so is what UTF-8 or Postgres cannot hold. Nothing is lost in silence."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NoReturn

from pydantic import JsonValue

DEEPEST = 100
"""Levels of arrays and objects. Pydantic, Python's ``json`` and Postgres each go deeper."""


class Refused(ValueError):
    """It is JSON, and cannot be kept as it stands. ``place``: its path; "": as a whole."""

    def __init__(self, why: str, place: str = "") -> None:
        super().__init__(f"{place or 'it'} {why}")
        self.place = place
        self.why = why


def loads(text: str | bytes) -> JsonValue:
    """
    Raises:
        json.JSONDecodeError: it is no JSON.
        Refused: it is nested too deeply, is not UTF-8, names something twice, or holds what cannot
            be kept: see ``number`` and ``unstorable``.
    """
    try:
        value: JsonValue = json.loads(
            text.decode("utf-8-sig") if isinstance(text, bytes) else text,
            parse_float=number,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        raise Refused("is not UTF-8") from None
    except RecursionError:
        raise Refused(_TOO_DEEP) from None
    except (json.JSONDecodeError, Refused):
        raise
    except ValueError:  # Python's own, of an integer
        raise Refused("holds an integer of more digits than are read") from None
    fault = unstorable(value)
    if fault is not None:
        place, why = fault
        raise Refused(why, place)
    return value


def number(text: str) -> float:
    """A number with a fraction or an exponent.

    Raises:
        ValueError: it is none, is too large, or has more digits than are kept.
    """
    value = float(text)
    if not math.isfinite(value):
        raise Refused(f"holds {text[:40]}, which is no number that can be kept")
    if Decimal(text) != Decimal(repr(value)):
        raise Refused(
            f"holds {text[:40]}, which has more digits than are kept of a number, which are about"
            " 16; send it as text"
        )
    return value


def unstorable(data: object) -> tuple[str, str] | None:
    """Where in JSON data something stands that a jsonb cannot hold, and what; None: nowhere.

    Keys are looked at too; the place of one that is refused is its owner's.
    """
    return next(_faults(data, "", 0), None)


_TOO_DEEP = f"is nested too deeply: {DEEPEST} levels are the most"


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise Refused(f"names {twice[:40]!r} twice")
    return found


def _no_number(constant: str) -> NoReturn:
    raise Refused(f"holds {constant}, which is no JSON")


def _faults(data: object, place: str, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(data, (Mapping, list, tuple)):
        if (why := _of_scalar(data)) is not None:
            yield place, why
        return
    if depth == DEEPEST:
        yield place[:100], _TOO_DEEP
        return
    for key, value in data.items() if isinstance(data, Mapping) else enumerate(data):
        if isinstance(key, str) and (why := _of_text(key)) is not None:
            yield place, f"has a name that {why}"
        else:
            yield from _faults(value, f"{place}.{key}" if place else str(key), depth + 1)


def _of_scalar(data: object) -> str | None:
    if isinstance(data, float) and not math.isfinite(data):
        return "is no number that JSON has, such as NaN or 1e400"
    return _of_text(data) if isinstance(data, str) else None


def _of_text(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character, which Postgres cannot store"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a character (a lone surrogate), which no text may"
    return None
