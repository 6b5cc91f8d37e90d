"""More types that JSON has no form for, of the standard library, httpx2 and pydantic."""

from __future__ import annotations

import base64
import re
from array import array
from collections.abc import Callable, Iterable
from fractions import Fraction
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import Any
from urllib.parse import (
    DefragResult,
    DefragResultBytes,
    ParseResult,
    ParseResultBytes,
    SplitResult,
    SplitResultBytes,
)

import httpx2
import pydantic
import pydantic_core

from app.workflows.serialization.scalars import Leaf, ValueRefused


def _by_text(tag: str, kind: Callable[[str], object]) -> Leaf:
    """Of what its text makes again; where it does not, it is refused."""

    def write(value: object) -> str:
        text = str(value)
        try:
            again = kind(text)
        except ValueError:
            again = None
        if again != value:
            raise ValueRefused(f"is {value!r}, whose text is read as another one.")
        return text

    return Leaf(tag, write, kind)


def _by_parts(tag: str, kind: Callable[..., object]) -> Leaf:
    return Leaf(tag, list, lambda kept: kind(*kept))


def _write_pattern(pattern: re.Pattern[Any]) -> list[object]:
    # Without DEBUG, or the pattern would be printed where it is read.
    return [pattern.pattern, int(pattern.flags & ~re.DEBUG)]


def _read_pattern(kept: Any) -> re.Pattern[Any]:  # as _write_pattern wrote it, or anything at all
    try:
        return re.compile(*kept)
    except re.error as error:
        raise ValueError(str(error)) from None


def _url(text: str) -> httpx2.URL:
    try:
        return httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise ValueError(str(error)) from None


def _write_view(view: memoryview) -> list[object]:
    if view.format != "B" or view.ndim != 1:
        raise ValueRefused(
            "is a memoryview of more than a row of bytes, which cannot be remembered. Make it an"
            " array.array."
        )
    return [view.readonly, base64.b64encode(view.tobytes()).decode()]


def _read_view(kept: Any) -> memoryview:  # as _write_view wrote it, or anything at all
    readonly, text = kept
    data = base64.b64decode(text, validate=True)
    return memoryview(data if readonly else bytearray(data))


def _write_headers(headers: httpx2.Headers) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers.raw]


def _read_headers(kept: Iterable[tuple[str, str]]) -> httpx2.Headers:
    return httpx2.Headers([(k.encode("latin-1"), v.encode("latin-1")) for k, v in kept])


_ADDRESSES = (IPv4Address, IPv6Address, IPv4Network, IPv6Network, IPv4Interface, IPv6Interface)
_SPLIT = (
    SplitResult,
    SplitResultBytes,
    ParseResult,
    ParseResultBytes,
    DefragResult,
    DefragResultBytes,
)
_URLS = (
    pydantic.AnyUrl,
    pydantic.AnyHttpUrl,
    pydantic.HttpUrl,
    pydantic.AnyWebsocketUrl,
    pydantic.WebsocketUrl,
    pydantic.FileUrl,
    pydantic.FtpUrl,
    pydantic.PostgresDsn,
    pydantic.CockroachDsn,
    pydantic.AmqpDsn,
    pydantic.RedisDsn,
    pydantic.MongoDsn,
    pydantic.KafkaDsn,
    pydantic.NatsDsn,
    pydantic.MySQLDsn,
    pydantic.MariaDBDsn,
    pydantic.ClickHouseDsn,
    pydantic.SnowflakeDsn,
)
LIBRARY: dict[type, Leaf] = {
    re.Pattern: Leaf("pattern", _write_pattern, _read_pattern),
    bytearray: Leaf(
        "bytearray",
        lambda it: base64.b64encode(it).decode(),
        lambda kept: bytearray(base64.b64decode(kept, validate=True)),
    ),
    memoryview: Leaf("memoryview", _write_view, _read_view),
    array: Leaf("array", lambda it: [it.typecode, it.tolist()], lambda kept: array(*kept)),
    range: Leaf("range", lambda it: [it.start, it.stop, it.step], lambda kept: range(*kept)),
    Fraction: Leaf(
        "fraction", lambda it: [it.numerator, it.denominator], lambda kept: Fraction(*kept)
    ),
    httpx2.URL: _by_text("httpx2.URL", _url),
    httpx2.QueryParams: Leaf(
        "httpx2.QueryParams", lambda it: list(it.multi_items()), httpx2.QueryParams
    ),
    httpx2.Headers: Leaf("httpx2.Headers", _write_headers, _read_headers),
    pydantic_core.Url: _by_text("pydantic_core.Url", pydantic_core.Url),
    pydantic_core.MultiHostUrl: _by_text("pydantic_core.MultiHostUrl", pydantic_core.MultiHostUrl),
    **{kind: _by_text(kind.__name__, kind) for kind in _ADDRESSES},
    **{kind: _by_parts(kind.__name__, kind) for kind in _SPLIT},
    **{kind: _by_text(f"pydantic.{kind.__name__}", kind) for kind in _URLS},
}
