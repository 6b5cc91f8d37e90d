"""What no caller should send, for every operation that an OpenAPI document tells of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

JSON = "application/json"
Document = Mapping[str, Any]  # OpenAPI's

VALUES = {
    "half a character": r'"\ud83d"',
    "NUL": r'"a\u0000b"',
    "a name with half a character": r'{"\udc00": 1}',
    "a name with NUL": r'{"\u0000": 1}',
    "a name twice": '{"a": 1, "a": 2}',
    "150 deep": "[" * 150 + "]" * 150,
    "1,000 deep": '{"a":' * 1_000 + "1" + "}" * 1_000,
    "100,000 deep": "[" * 100_000,
    "long": json.dumps("x" * 100_000),
    "many": json.dumps(["x"] * 20_000),
    "an integer of 400 digits": "9" * 400,
    "an integer of 5,000 digits": "9" * 5_000,
    "beyond 64 bits": "9223372036854775808",
    "a large number": "1e14",
    "a larger number": "1e308",
    "too large": "1e400",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "the words of infinity": '"Infinity"',
    "negative": "-1",
    "very negative": "-1e14",
    "smallest": "5e-324",
    "more digits than are kept": "0.12345678901234567890123",
    "the first moment": '"0001-01-01T00:00:00+14:00"',
    "the last moment": '"9999-12-31T23:59:59-14:00"',
    "a moment without offset": '"9999-12-31T23:59:59"',
    "the last day": '"9999-12-31"',
    "a leap second": '"2026-12-31T23:59:60Z"',
    "null": "null",
    "true": "true",
    "empty": '""',
    "list": "[]",
    "object": "{}",
    "a path": '"../../etc/passwd"',
    "right to left": r'"\u202e\ufeff\uffff"',
}
"""JSON texts, in the place of each property."""

TEXTS = [
    "%00", "%ED%A0%80", "%FF", "%F0%9D%84%9E", "..%2F..%2Fetc", "%2E%2E", "%25", "%0A",
    "'%22%3B--", "x" * 5_000, "-1", "1e14", "NaN", "Infinity", "9" * 400, "9" * 5_000,
    "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "9999-12-31", "-99999999",
    "%7B%22a%22%3A1,%22a%22%3A2%7D", "%5B" * 1_000, "%7B%22x%22%3A%22%5Cud800%22%7D",
]  # fmt: skip
"""As they stand in an address."""

HEADERS = ["", "\xff", "x" * 5_000, "1e14", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00+14:00"]

BODIES = [
    (JSON, b""),
    (JSON, b"\xff\xfe{"),
    (JSON, b'{"a": "\xed\xa0\x80"}'),
    (JSON, '{"a": 1}'.encode("utf-16")),
    (JSON, b"\xef\xbb\xbf{}"),
    (JSON, b"[" * 900_000),
    (JSON, b'"' + b"x" * 1_100_000 + b'"'),
    (JSON, b"null"),
    (JSON, b"[{}]"),
    (JSON, b"{} {}"),
    (JSON, b"{'a': 1}"),
    ("application/json; charset=utf-7", b"+AAA-"),
    ("application/json; charset=rot13", b"{}"),
    ('application/json; charset="', b"{}"),
    ("application/problem+json", b"{}"),
    ("application/xml", b"<a/>"),
    ("application/x-www-form-urlencoded", b"a=%00&a=1"),
    ("multipart/form-data", b"--x"),
    ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--"),
    ("text/plain", b"\0"),
    ("", b"{}"),
    ("\xff/\xff", b"{}"),
]
"""Content types, and what is sent under them."""


@dataclass(frozen=True)
class Call:
    what: str
    method: str
    path: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hostile:
    """
    Args:
        known: by a parameter's name, what is there: so that a call comes further than to a 404.
    """

    document: Document
    known: Mapping[str, str]

    def calls(self) -> Iterator[Call]:
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                told = operation.get("parameters", [])
                yield from self._addresses(method.upper(), path, told)
                yield from self._headers(method.upper(), path, told)
                yield from self._bodies(method.upper(), path, operation, told)

    def _addresses(self, method: str, path: str, told: list[Any]) -> Iterator[Call]:
        for one in told:
            for text in TEXTS if one["in"] in ("path", "query") else ():
                shown = f"{method} {path} {one['name']}={text[:30]}"
                yield Call(shown, method, self._address(path, told, {one["name"]: text}))

    def _headers(self, method: str, path: str, told: list[Any]) -> Iterator[Call]:
        for one in told:
            for value in HEADERS if one["in"] == "header" else ():
                shown = f"{method} {path} {one['name']}: {value[:30]}"
                yield Call(shown, method, self._address(path, told), headers={one["name"]: value})

    def _bodies(self, method: str, path: str, operation: Any, told: list[Any]) -> Iterator[Call]:
        if "requestBody" not in operation:
            return
        address = self._address(path, told)
        for kind, content in BODIES:
            shown = f"{method} {path} {kind} {content[:20]!r}"
            yield Call(shown, method, address, content, {"Content-Type": kind})
        for name, text in VALUES.items():
            for body in self._with(operation["requestBody"]["content"][JSON]["schema"], text):
                shown = f"{method} {path} {name}: {body[:60]}"
                yield Call(shown, method, address, body.encode(), {"Content-Type": JSON})

    def _address(self, path: str, told: list[Any], given: Mapping[str, str] = {}) -> str:
        query = dict(given)
        for one in told:
            name = one["name"]
            if one["in"] == "path":
                path = path.replace(f"{{{name}}}", query.pop(name, self._known(name)))
            elif one["in"] == "query" and one.get("required"):
                query.setdefault(name, self._known(name))
        return path + "?" * bool(query) + "&".join(f"{k}={v}" for k, v in query.items())

    def _known(self, name: str) -> str:
        return quote(self.known.get(name, "unknown"), safe="")

    def _with(self, schema: Document, text: str) -> Iterator[str]:
        """The text as a body of this shape, and in the place of each value within one."""
        yield text
        of_object = self._resolved(schema)
        properties = of_object.get("properties", {})
        needed = {
            name: json.dumps(self.known.get(name, "x")) for name in of_object.get("required", ())
        }
        for name, about in properties.items():
            for value in self._with(about, text):
                members = {**needed, name: value}
                yield "{" + ", ".join(f"{json.dumps(k)}: {v}" for k, v in members.items()) + "}"
        if of_object.get("type") == "array":
            yield f"[{text}]"

    def _resolved(self, schema: Document) -> Document:
        """Through references, and through ``X | None``."""
        for one in schema.get("anyOf", ()):
            found = self._resolved(one)
            if found.get("type") in ("object", "array"):
                return found
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._resolved(self.document["components"]["schemas"][name])
        return schema
