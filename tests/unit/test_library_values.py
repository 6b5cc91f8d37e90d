"""Values of the standard library's, httpx2's and pydantic's types that a step may be given."""

from __future__ import annotations

import re
from array import array
from collections import deque
from fractions import Fraction
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any
from urllib.parse import urldefrag, urlparse, urlsplit

import httpx2
import pydantic
import pydantic_core
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.contract.steps.http_request import HttpRequest
from app.workflows.contract.steps.http_response import HttpResponse
from app.workflows.serialization.codec import NotSerialisable, Unreadable, ValueCodec
from app.workflows.serialization.library_types import LIBRARY

VALUES = ValueCodec()
VALUES.use(HttpRequest, HttpResponse)
HEADERS = httpx2.Headers(
    [(b"X-Name", b"Ren\xe9"), (b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2")]
)
URLS: list[object] = [
    httpx2.URL("https://user:p%40ss@exämple.org:8443/a b?q=1&q=2#f"),
    httpx2.URL("/relative?x=%2F"),
    httpx2.QueryParams("a=1&b=%20&a=2"),
    pydantic.AnyUrl("ftp://h/x"),
    pydantic.HttpUrl("https://example.org"),
    pydantic.FileUrl("file:///etc/hosts"),
    pydantic.PostgresDsn("postgresql://u:p@one,two:5433/db"),
    pydantic.RedisDsn("redis://h:6379/0"),
    pydantic_core.Url("https://example.org/a?b#c"),
    pydantic_core.MultiHostUrl("mongodb://a:1,b:2/db"),
    urlsplit("https://u:p@h:1/a?b#c"),
    urlsplit(b"https://h/a"),
    urlparse("https://h/a;p?b#c"),
    urldefrag("https://h/a#c"),
]  # fmt: skip
ADDRESSES: list[object] = [
    ip_address("10.0.0.1"),
    ip_address("fe80::1%eth0"),
    ip_network("10.0.0.0/8"),
    ip_network("2001:db8::/32"),
    ip_interface("10.0.0.1/8"),
    ip_interface("2001:db8::1/64"),
]
PATTERNS: list[object] = [
    re.compile(r"a(?P<b>\d+)"),
    re.compile("É", re.IGNORECASE | re.ASCII),
    re.compile(b"\xff+", re.DOTALL),
    re.compile("(?im)^a$"),
]
SEQUENCES: list[object] = [
    array("d", [1.5, float("inf")]),
    array("q", [-(2**63)]),
    array("u", "é"),
    array("B"),
    bytearray(b"\0\xff"),
    memoryview(b"\0\xff"),
    memoryview(bytearray(b"ab")),
    range(0, 10**30, 7),
    deque([1, "two", (3,)], maxlen=5),
    deque(),
    deque([deque([1])]),
    Fraction(-1, 10**3_000),
    frozenset({Fraction(1, 2), ip_address("::1")}),
]


@pytest.mark.parametrize(
    "value",
    [*URLS, *ADDRESSES, *PATTERNS, *SEQUENCES, HEADERS],
    ids=lambda value: type(value).__name__,
)
def test_it_comes_out_as_it_went_in(value: Any) -> None:
    for back in (VALUES.copy(value), VALUES.copy({"in": [value]})["in"][0]):
        assert type(back) is type(value)
        assert back == value
    assert VALUES.dump(VALUES.load(VALUES.dump(value))) == VALUES.dump(value)


def test_every_type_has_a_value_among_these() -> None:
    here = {type(one) for one in [*URLS, *ADDRESSES, *PATTERNS, *SEQUENCES, HEADERS]}
    dsns = {kind for kind in LIBRARY if kind.__module__ == "pydantic.networks"}
    assert set(LIBRARY) - dsns - here == {type(urlparse(b"")), type(urldefrag(b""))}


def test_what_equality_does_not_tell_comes_back_too() -> None:
    assert VALUES.copy(HEADERS).raw == HEADERS.raw
    assert VALUES.copy(deque([1], maxlen=3)).maxlen == 3
    assert VALUES.copy(array("f", [0.1])).typecode == "f"
    assert VALUES.copy(memoryview(b"a")).readonly
    VALUES.copy(memoryview(bytearray(b"a")))[0] = 98
    url = httpx2.URL("https://u:p@h/")
    assert VALUES.copy(url).password == "p"


def test_a_request_and_a_response_of_a_call_come_back() -> None:
    request = HttpRequest("POST", "https://h/", 5.0, {"A": "b"}, {"q": [1]}, {"j": None})
    response = HttpResponse(200, {"a": "b"}, b"\xff")
    assert VALUES.copy([request, response]) == [request, response]


@given(st.lists(st.integers() | st.text() | st.fractions()), st.none() | st.integers(0, 5))
def test_a_deque_comes_back_as_it_was(items: list[object], longest: int | None) -> None:
    value = deque(items, longest)
    back = VALUES.copy(value)
    assert (back, back.maxlen) == (value, longest)


@given(st.ip_addresses() | st.fractions() | st.builds(range, st.integers(), st.integers()))
def test_any_of_them_comes_back(value: object) -> None:
    assert VALUES.copy(value) == value


class Netmask(type(ip_address("::1"))):  # type: ignore[misc]  # a class that is computed
    pass


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (memoryview(array("d", [1.0])), "array.array"),
        (memoryview(b"abcd").cast("B", (2, 2)), "array.array"),
        (deque([object()]), r"it\[0\] is a object"),
        (Netmask("::1"), "cannot be remembered"),
    ],
)
def test_what_would_come_back_as_another_is_refused(value: object, why: str) -> None:
    with pytest.raises(NotSerialisable, match=why):
        VALUES.dump(value, "it")


@pytest.mark.parametrize(
    "text",
    [
        '{"$":"pattern","v":["(",0]}',
        '{"$":"array","v":["?",[1]]}',
        '{"$":"deque","v":[]}',
        '{"$":"fraction","v":[1,0]}',
        '{"$":"IPv4Address","v":"1.2"}',
        '{"$":"httpx2.URL","v":1}',
        '{"$":"httpx2.URL","v":"https://h:port"}',
        '{"$":"pydantic.HttpUrl","v":"no"}',
        '{"$":"memoryview","v":[true]}',
        '{"$":"httpx2.Headers","v":[["a"]]}',
    ],
)
def test_a_text_that_was_altered_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        VALUES.load(text)
