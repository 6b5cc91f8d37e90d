"""Values as text and back: what a step is given, and what it remembers of its result.

Plain JSON stands for itself. Anything else is an object with the key ``$``, which says what it is:

    {"$":"datetime","v":"2026-01-01T09:00:00+00:00"}
    {"$":"app.workflows.families.shop:Order","v":{"id":7,"lines":[]}}
    {"$":"dict","v":[[1,"one"]]}      a dict with keys that JSON has not, or with the key ``$``

The text is ASCII of one line and means the same in every process: it names no memory, no import
and no code. A class is found by its name among those that ``ValueCodec.use`` was shown, nowhere
else. The text of equal sets is the same. Types count exactly, as ``scalars`` says; a named tuple is
refused, a dataclass does the same. What comes back shares nothing with what went in, and two parts
of a value that were one object are two.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

from app.errors import full_stop
from app.workflows.serialization.annotations import classes_in
from app.workflows.serialization.class_codecs import ClassCodec, known, qualified
from app.workflows.serialization.encoder import (
    CAREFUL,
    DEEPEST,
    KNOWN_BY_USE,
    PLAIN,
    TAG,
    TooMany,
    Walk,
    is_plain,
)
from app.workflows.serialization.library_types import LIBRARY
from app.workflows.serialization.scalars import (
    LEAVES,
    ODD,
    NotSerialisable,
    Unreadable,
    ValueRefused,
)

__all__ = ["DEEPEST", "LARGEST", "NotSerialisable", "Unreadable", "ValueCodec"]

LARGEST = 1_000_000
"""Characters of text, each of which is a byte: where nobody says otherwise."""

_MARK = f'"{TAG}"'
_SPELT = re.compile(r"\\ud[89ab]..\\ud[c-f]")


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _items(kept: object) -> list[Any]:  # of any types
    if type(kept) is not list:
        raise TypeError(f"a {type(kept).__name__} where a list belongs")
    return kept


_READ: dict[str, Callable[[Any], object]] = {
    "tuple": lambda kept: tuple(_items(kept)),
    "set": lambda kept: set(_items(kept)),
    "frozenset": lambda kept: frozenset(_items(kept)),
    "dict": lambda kept: {key: value for key, value in _items(kept)},  # noqa: C416  # only pairs
    "deque": lambda kept: deque(_items(kept[1]), kept[0]),
    **{leaf.tag: leaf.read for leaf in (*LEAVES.values(), *LIBRARY.values(), *ODD.values())},
}

_encode = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":")).encode
_decode_plain = json.JSONDecoder(parse_constant=_not_json).decode


class ValueCodec:
    """Knows the classes that a family uses; holds nothing else, so that it may be kept for good."""

    def __init__(self, largest: int = LARGEST) -> None:
        self.largest = largest
        self._most = largest // 2  # values: each is a character at least, and a comma
        self._seen: set[Any] = set()  # annotations are of no one type
        self._by_class: dict[type, ClassCodec] = {}
        self._by_name: dict[str, ClassCodec] = {}
        self._decode = json.JSONDecoder(object_hook=self._read, parse_constant=_not_json).decode

    def use(self, *annotations: Any) -> None:  # annotations are of no one type
        """Makes known every enum, dataclass and pydantic model that these lead to, through the
        arguments of generics and the fields of classes. Other annotations are passed over.

        Raises:
            ValueError: two classes have one qualified name.
        """
        for annotation in annotations:
            for cls in classes_in(annotation, self._seen):
                self._add(cls)

    def _add(self, cls: type) -> None:
        if cls in self._by_class:
            return
        name = qualified(cls)
        if self._by_name.setdefault(name, new := known(cls)) is not new:
            raise ValueError(
                f"Two classes are called {name}, and the text of a value could mean either. Rename"
                " one of them."
            )
        self._by_class[cls] = new

    def find(self, name: str) -> type | None:
        """The class of this qualified name, where it was used."""
        found = self._by_name.get(name)
        return None if found is None else found.cls

    def dump(self, value: object, what: str = "value") -> str:
        """
        Args:
            what: how a refusal calls the value.

        Raises:
            NotSerialisable
        """
        try:
            walked = value if is_plain(value, self._most) else self._walked(value, what, PLAIN)
            text = _encode(walked)
            # Of two lone surrogates JSON would make the one character that they spell. The first
            # test is there for its speed.
            sure = "\\ud" not in text or not _SPELT.search(text) or _decode_plain(text) == walked
        except ValueError:  # not a number, without end, or an integer of thousands of digits
            sure = False
        if not sure:
            text = _encode(self._walked(value, what, CAREFUL))
        if len(text) > self.largest:
            raise NotSerialisable(
                too_large(what, f"weighs {len(text):,} bytes as text", self.largest)
            )
        return text

    def load(self, text: str) -> Any:
        """
        Raises:
            Unreadable
        """
        try:
            return (self._decode if _MARK in text else _decode_plain)(text)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"This is not the text of a value: {full_stop(str(error))}") from error

    def copy(self, value: object, what: str = "value") -> Any:
        """What is got on the other side of a call.

        Raises:
            NotSerialisable
        """
        return self.load(self.dump(value, what))

    def _walked(self, value: object, what: str, plain: frozenset[type]) -> object:
        try:
            return Walk(self._by_class, plain, self._most)(value)
        except ValueRefused as refused:
            raise NotSerialisable(refused.sentence(what)) from None
        except TooMany:
            how = f"holds more than {self._most:,} values"
            raise NotSerialisable(too_large(what, how, self.largest)) from None

    def _read(self, found: dict[str, Any]) -> object:
        """Called by the decoder for every object of the text, the innermost first."""
        if TAG not in found:
            return found
        tag = found.pop(TAG)
        try:
            if ":" in tag:
                return self._instance(tag, found)
            if (read := _READ.get(tag)) is None:
                raise Unreadable(
                    f"The text has a {tag!r}, which this version does not know. It was written by"
                    " another version: read it with that one."
                )
            (kept,) = found.values()
            return read(kept)
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            raise Unreadable(
                f"What the text has as {tag!r} is none: {full_stop(str(error))}"
            ) from error

    def _instance(self, name: str, parts: dict[str, Any]) -> object:
        if (found := self._by_name.get(name)) is None:
            raise Unreadable(f"The text has a {name}, which is not known here: {KNOWN_BY_USE}.")
        return found.build(parts)


def too_large(what: str, how: str, largest: int) -> str:
    return (
        f"{what} {how}, and at most {largest:,} bytes are kept (SLUICE_MAX_RESULT_BYTES). Put it"
        " where large things are kept, and return where it is."
    )
