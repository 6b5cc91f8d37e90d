"""What the command line makes of a file that the service sends as it makes it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import httpx2
import pytest

from app.cli.api_client import ApiClient
from app.cli.file_printer import print_file
from app.errors import Unavailable

LAST = b'{"complete": true, "rows": 2}\n'


class Parts(httpx2.SyncByteStream):
    def __init__(self, parts: list[bytes], *, breaks: bool = False) -> None:
        self._parts, self._breaks = parts, breaks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts
        if self._breaks:
            raise httpx2.RemoteProtocolError("peer closed connection")


def printed(name: str, body: Parts) -> tuple[bytes, str | None]:
    """What stands on standard output, and the sentence of the error."""
    out = io.BytesIO()
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=body))
    with httpx2.Client(transport=transport, base_url="http://sluice.test") as http:
        try:
            print_file(ApiClient(http, "there"), f"/api/runs/r/{name}", {"status": None}, out)
        except Unavailable as error:
            return out.getvalue(), error.detail
    return out.getvalue(), None


@pytest.mark.parametrize(
    "parts",
    [
        [b'{"a": 1}\n{"a"', b": 2}", b"\n" + LAST],
        [b'{"a": 1}\n', b'{"a": 2}\n', LAST],
        [b'{"a": 1}\n{"a": 2}\n' + LAST[:10], LAST[10:]],
        [bytes([byte]) for byte in b'{"a": 1}\n{"a": 2}\n' + LAST],
    ],
)
def test_the_line_that_says_that_it_is_the_last_is_looked_at_and_left_out(
    parts: list[bytes],
) -> None:
    assert printed("items.ndjson", Parts(parts)) == (b'{"a": 1}\n{"a": 2}\n', None)


@pytest.mark.parametrize(
    "parts", [[], [b'{"a": 1}\n'], [b'{"a": 1}\n{"a"'], [b'{"a": 1}\n' + LAST[:15]]]
)
def test_a_file_without_it_is_not_all(parts: list[bytes]) -> None:
    out, error = printed("items.ndjson", Parts(parts))
    assert error is not None
    assert "not all of it" in error
    assert out in b'{"a": 1}\n'


@pytest.mark.parametrize("name", ["items.csv", "items.ndjson"])
def test_nor_is_one_that_was_broken_off(name: str) -> None:
    out, error = printed(name, Parts([b"itemId\r\nu1\r\n"], breaks=True))
    assert out.startswith(b"itemId\r\n")
    assert error is not None
