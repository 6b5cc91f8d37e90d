"""The walk over a value that makes plain JSON of it, and says where it cannot.

Most values are plain already. ``is_plain`` finds that out for half of what the walk costs, and the
walk itself copies only what it must alter.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import is_dataclass
from enum import Enum
from types import NoneType
from typing import Any, NoReturn

from pydantic import BaseModel

from app.workflows.serialization.annotations import BUILTIN
from app.workflows.serialization.class_codecs import ClassCodec, Parts, qualified
from app.workflows.serialization.library_types import LIBRARY
from app.workflows.serialization.scalars import LEAVES, ODD, ValueRefused, sound

DEEPEST = 100
"""Lists, dicts and instances within each other."""

TAG = "$"
PLAIN: frozenset[type] = frozenset({str, int, float, bool, NoneType})
CAREFUL: frozenset[type] = frozenset({bool, NoneType})
"""What is plain for certain: numbers and texts that JSON would alter are looked for."""
KNOWN_BY_USE = (
    "a class is known by being used in the family's annotations, for example as the return type of"
    " the step's function"
)

_TEXT = frozenset({str})


class TooMany(Exception):
    """The value has more parts than its text may have characters for."""


def is_plain(value: object, most: int) -> bool:
    """Whether JSON can be made of the value as it is; False, too, if the walk refuses it. Goes
    level by level, because a call for each part would cost more than the rest."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for one in level:
            kind = type(one)
            if kind is list:
                inside = one
            elif kind is dict and TAG not in one and _TEXT.issuperset(map(type, one)):
                inside = one.values()
            else:
                return kind in PLAIN
            most -= len(one)
            if not PLAIN.issuperset(map(type, inside)):
                below += [each for each in inside if type(each) not in PLAIN]
        if not below or most < 0:
            return most >= 0
        level = below
    return False


class Walk:
    """Of one value. ``most`` bounds the parts that are looked at: the same list, held twice by a
    list that is itself held twice, and so on, would be written times without number."""

    __slots__ = ("_known", "_left", "_plain")

    def __init__(self, known: Mapping[type, ClassCodec], plain: frozenset[type], most: int) -> None:
        self._known = known
        self._plain = plain
        self._left = most

    def __call__(self, value: Any, depth: int = 0) -> Any:  # what it is, is found out here
        """
        Raises:
            Refused
            TooMany
        """
        kind = type(value)
        if kind in self._plain:
            return value
        if kind is dict:
            return self._dict(value, value, depth, _key)
        if kind is list:
            return self._list(value, value, depth)
        if kind is tuple:
            return {TAG: "tuple", "v": self._list(value, value, depth)}
        if kind is set or kind is frozenset:
            items = self._list(value, list(value), depth, "<item>")
            return {TAG: kind.__name__, "v": sorted(items, key=json.dumps)}
        if kind is deque:
            return {TAG: "deque", "v": [value.maxlen, self._list(value, value, depth)]}
        if (leaf := LEAVES.get(kind) or LIBRARY.get(kind)) is not None:
            return {TAG: leaf.tag, "v": self(leaf.write(value), depth)}
        if (odd := ODD.get(kind)) is not None:
            return value if sound(value) else {TAG: odd.tag, "v": odd.write(value)}
        if (known := self._known.get(kind)) is not None:
            return {TAG: known.name} | self._parts(value, known.parts(value), depth)
        raise ValueRefused(_why(kind))

    def _parts(self, owner: object, parts: Parts, depth: int) -> Parts:
        return {
            part: self._dict(owner, held, depth, ".{}".format)
            if type(held) is dict
            else self(held, depth)
            for part, held in parts.items()
        }

    def _list(
        self, owner: object, values: Collection[Any], depth: int, segment: str = "[{}]"
    ) -> list[Any]:
        self._left -= len(values)
        if depth >= DEEPEST or self._left < 0:
            self._refuse_size()
        if self._plain.issuperset(map(type, values)):
            return values if type(values) is list else list(values)
        walked: list[Any] = []  # plain JSON
        try:
            for value in values:
                walked.append(self(value, depth + 1))  # noqa: PERF401  # its length is the index
        except ValueRefused as refused:
            refused.inside(owner, segment.format(len(walked)))
            raise
        return walked

    def _dict(
        self, owner: object, found: dict[Any, Any], depth: int, segment: Callable[[object], str]
    ) -> dict[str, Any]:
        self._left -= len(found)
        if depth >= DEEPEST or self._left < 0:
            self._refuse_size()
        as_object = _TEXT.issuperset(map(type, found)) and TAG not in found
        if as_object and self._plain is not PLAIN:
            as_object = all(map(sound, found))
        if as_object and self._plain.issuperset(map(type, found.values())):
            return found
        walked: list[Any] = []  # plain JSON
        place = ""
        try:
            for key, value in found.items():
                place = segment(key)
                walked.append(self(value, depth + 1))
            if as_object:
                return dict(zip(found, walked, strict=True))
            place = "<key>"
            keys = [self(key, depth + 1) for key in found]
        except ValueRefused as refused:
            refused.inside(owner, place)
            raise
        return {TAG: "dict", "v": [list(pair) for pair in zip(keys, walked, strict=True)]}

    def _refuse_size(self) -> NoReturn:
        if self._left < 0:
            raise TooMany
        raise ValueRefused(
            f"is {DEEPEST} levels deep, and nothing deeper is remembered. Make it flatter, or keep"
            " it elsewhere and return where it is."
        )


def _key(key: object) -> str:
    text = repr(key)
    return f"[{text}]" if len(text) <= 60 else f"[{text[:57]}…]"


def _why(kind: type) -> str:
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else (f"{kind.__module__}.{kind.__qualname__}")
    )
    if issubclass(kind, Enum):
        return f"is a {qualified(kind)}, which is not known here: {KNOWN_BY_USE}."
    for base in BUILTIN:
        if issubclass(kind, base):
            return (
                f"is a {name}, which cannot be remembered: it would come back as a"
                f" {base.__name__}. Make it one first, or use a dataclass or a pydantic model."
            )
    if issubclass(kind, BaseModel) or is_dataclass(kind):
        return f"is a {qualified(kind)}, which is not known here: {KNOWN_BY_USE}."
    return (
        f"is a {name}, which cannot be remembered. Turn it into numbers, texts, dates, lists and"
        " dicts, or into a dataclass or a pydantic model of the family's own."
    )
