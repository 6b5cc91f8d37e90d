"""Text as it reads once one round of escapes is undone, those of JSON, Python, URLs and HTML; and
where in the text each of its characters came from."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

_ESCAPE = re.compile(
    r"(?P<url>(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<byte>(?:\\{1,8}x[0-9A-Fa-f]{2})+)"
    r"|(?P<unit>(?:\\{1,8}u[0-9A-Fa-f]{4})+)"
    r"|(?P<point>\\{1,8}U[0-9A-Fa-f]{8})"
    r"|(?P<char>\\{1,8}[/\"'\\nrt])"
    r"|(?P<html>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});)"
)
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}
_HEX = re.compile(r"[xu]([0-9A-Fa-f]+)")


def may_escape(text: str) -> bool:
    return "%" in text or "\\" in text or "&" in text


def decoded(text: str) -> str:
    return _ESCAPE.sub(_meant, text)


def origins(text: str) -> list[tuple[int, int]]:
    """Of each character of ``decoded(text)``: from where to where it stands in ``text``."""
    return list(_origins(text))


def _origins(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for match in _ESCAPE.finditer(text):
        yield from ((i, i + 1) for i in range(at, match.start()))
        yield from (match.span() for _ in _meant(match))
        at = match.end()
    yield from ((i, i + 1) for i in range(at, len(text)))


def _meant(match: re.Match[str]) -> str:
    escape = match[0]
    match match.lastgroup:
        case "url":
            return _utf8(unquote_to_bytes(escape))
        case "byte":
            return _utf8(bytes(int(digits, 16) for digits in _HEX.findall(escape)))
        case "unit":
            units = b"".join(bytes.fromhex(digits) for digits in _HEX.findall(escape))
            return units.decode("utf-16-be", "replace")
        case "point":
            return _point(int(escape[-8:], 16))
        case "char":
            return _NAMED.get(escape[-1], escape[-1])
        case _:
            return html.unescape(escape)


def _utf8(data: bytes) -> str:
    """Python writes the bytes of a text so, and its characters below U+0100 too."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _point(number: int) -> str:
    return chr(number) if number < 0x110000 else "\N{REPLACEMENT CHARACTER}"
