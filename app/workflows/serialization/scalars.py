"""The standard library's types that JSON has no form for: what stands for each in the text.

A type counts only as itself. A subclass would come back as its base, so it is refused; the two
exceptions come back as their equals: the driver's UUID as ``uuid.UUID``, and the offset that
pydantic gives to a datetime as ``datetime.timezone``.
"""

from __future__ import annotations

import base64
import math
import os
import pathlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg.pgproto import pgproto
from pydantic_core import TzInfo

PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""Two lone surrogates that JSON, which escapes in UTF-16, would read back as one character."""

_MICROSECOND = timedelta(microseconds=1)
_LONG = 2_000  # bits: far below the digits that Python agrees to write in decimal


class NotSerialisable(Exception):
    """The sentence names the place in the value, what is there, and what to put instead."""

    terminal = True


class Unreadable(Exception):
    """A text that was not written by ``Values.dump``, or with classes or a version unlike ours."""

    terminal = True


class ValueRefused(Exception):
    """Why a part of a value cannot be kept. The way to it is added while the walk unwinds."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self._way: list[tuple[int, str]] = []

    def inside(self, owner: object, segment: str) -> None:
        self._way.append((id(owner), segment))

    def sentence(self, what: str) -> str:
        way = self._way[::-1]
        first: dict[int, int] = {}
        for at, (owner, _) in enumerate(way):
            again = first.setdefault(owner, at)
            if again < at:
                return (
                    f"{_path(what, way[:at])} is {_path(what, way[:again])} itself. A value"
                    " that contains itself cannot be remembered: refer to the other by its id."
                )
        # The way of a value that is too deep would be most of the sentence.
        return f"{_path(what, way[:12])}{'…' if len(way) > 12 else ''} {self.why}"


def _path(what: str, way: list[tuple[int, str]]) -> str:
    return what + "".join(segment for _, segment in way)


@dataclass(frozen=True, slots=True)
class Leaf:
    """``write`` gives plain JSON, of which ``read`` makes the value; each raises what it must."""

    tag: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _write_zone(zone: tzinfo) -> object:
    if type(zone) is ZoneInfo and zone.key is not None:
        return zone.key
    if type(zone) is timezone:
        _, *name = zone.__getinitargs__()  # type: ignore[attr-defined]  # typeshed omits it
        return [zone.utcoffset(None) // _MICROSECOND, *name]
    if type(zone) is TzInfo and (offset := zone.utcoffset(None)) is not None:
        return [offset // _MICROSECOND]
    raise ValueRefused(
        f"has the time zone {zone!r}, which cannot be remembered. Use zoneinfo.ZoneInfo with the"
        " zone's name, or datetime.timezone."
    )


def _read_zone(kept: Any) -> tzinfo:  # as _write_zone wrote it, or anything at all
    if type(kept) is str:
        return ZoneInfo(kept)
    offset, *name = kept
    return timezone(timedelta(microseconds=offset), *name)


def _write_moment(moment: datetime | time) -> object:
    if moment.fold == 0 and (moment.tzinfo is None or moment.tzinfo is UTC):
        return moment.isoformat()
    zone = None if moment.tzinfo is None else _write_zone(moment.tzinfo)
    return [moment.replace(tzinfo=None).isoformat(), moment.fold, zone]


def _read_moment(kind: type[datetime] | type[time]) -> Callable[[Any], datetime | time]:
    def read(kept: Any) -> datetime | time:  # as _write_moment wrote it, or anything at all
        if type(kept) is str:
            return kind.fromisoformat(kept)
        text, fold, zone = kept
        moment = kind.fromisoformat(text)
        return moment.replace(fold=fold, tzinfo=None if zone is None else _read_zone(zone))

    return read


def _write_bytes(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _read_bytes(kept: str) -> bytes:
    return base64.b64decode(kept, validate=True)


def _path_leaf(kind: type[pathlib.PurePath], here: type[pathlib.PurePath]) -> Leaf:
    def write(path: pathlib.PurePath) -> str:
        text = str(path)
        if kind(text) != path:  # Python 3.11 reads a share without a name as another path
            raise ValueRefused(f"is {path!r}, whose text is read as another path.")
        return text

    return Leaf(kind.__name__, write, here)


_WINDOWS = os.name == "nt"
_UUID = Leaf("uuid", str, UUID)
_ZONE = Leaf("zone", _write_zone, _read_zone)
LEAVES: dict[type, Leaf] = {
    datetime: Leaf("datetime", _write_moment, _read_moment(datetime)),
    date: Leaf("date", date.isoformat, date.fromisoformat),
    time: Leaf("time", _write_moment, _read_moment(time)),
    timedelta: Leaf(
        "timedelta",
        lambda it: [it.days, it.seconds, it.microseconds],
        lambda kept: timedelta(*kept),
    ),
    timezone: _ZONE,
    ZoneInfo: _ZONE,
    TzInfo: _ZONE,
    UUID: _UUID,
    pgproto.UUID: _UUID,
    Decimal: Leaf("decimal", str, Decimal),
    bytes: Leaf("bytes", _write_bytes, _read_bytes),
    complex: Leaf("complex", lambda it: [it.real, it.imag], lambda kept: complex(*kept)),
    # A path of the other system cannot be made here: it comes back as one that is only compared.
    pathlib.PurePosixPath: _path_leaf(pathlib.PurePosixPath, pathlib.PurePosixPath),
    pathlib.PureWindowsPath: _path_leaf(pathlib.PureWindowsPath, pathlib.PureWindowsPath),
    pathlib.PosixPath: _path_leaf(
        pathlib.PosixPath, pathlib.PurePosixPath if _WINDOWS else pathlib.PosixPath
    ),
    pathlib.WindowsPath: _path_leaf(
        pathlib.WindowsPath, pathlib.WindowsPath if _WINDOWS else pathlib.PureWindowsPath
    ),
}

ODD: dict[type, Leaf] = {
    float: Leaf("float", repr, float),
    int: Leaf("int", hex, lambda kept: int(kept, 16)),
    str: Leaf(
        "str",
        lambda it: _write_bytes(it.encode("utf-8", "surrogatepass")),
        lambda kept: _read_bytes(kept).decode("utf-8", "surrogatepass"),
    ),
}
"""For the few that are not ``sound``."""


def sound(value: str | int | float) -> bool:
    """Whether JSON gives back this very number or text."""
    if isinstance(value, str):
        return value.isascii() or PAIR.search(value) is None
    if isinstance(value, int):
        return value.bit_length() <= _LONG
    return math.isfinite(value)
