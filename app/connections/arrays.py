"""Arrays as parameters: as texts, whatever their elements are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

SEPARATOR = "\x1f"
"""Between the elements of what is sent as one text. Neither an item's id nor JSON holds one."""


def joined(values: Iterable[object]) -> str:
    """Elements as one text, to be read by ``split``. The driver looks at each element of an array
    for as long as all else of it takes. None of them may be empty; None is NULL."""
    return SEPARATOR.join(["" if value is None else str(value) for value in values])


def split(place: int) -> str:
    """SQL of the ``text[]`` that was sent as one text. In a SELECT of its own, which is evaluated
    once, and not for each row."""
    return f"(SELECT string_to_array(${place}::text, E'\\x1f', ''))::text[]"


def moment(microseconds: str) -> str:
    """SQL of the moment that so many microseconds since 1970 stand for: printed and read as text,
    a moment takes ten times as long."""
    return f"(timestamptz 'epoch' + {microseconds}::float8 * interval '1 us')"  # exact until 2255


def sent(values: Sequence[object]) -> list[object]:
    """A statement's parameters, each list among them as ``text[]``, which the statement casts.

    asyncpg knows ``text[]`` by itself. Of any other array type it asks Postgres for a description
    on each new connection, which takes Postgres some 40 ms: longer than all else that a connection
    does before its first item.
    """
    return [texts(value) if type(value) is list else value for value in values]


def texts(values: list[object]) -> list[object]:
    """One such list, for a statement that SQLAlchemy sends."""
    kind = next((type(value) for value in values if value is not None), str)
    if issubclass(kind, str):
        return values
    text = _TEXT.get(kind, str)
    return [None if value is None else text(value) for value in values]


def _interval(value: timedelta) -> str:
    return f"{value.days} days {value.seconds}.{value.microseconds:06} seconds"


def _bytea(value: bytes) -> str:
    return rf"\x{value.hex()}"


_TEXT: Mapping[type, Callable[..., str]] = {timedelta: _interval, bytes: _bytea}
"""Postgres reads the others as Python writes them."""
