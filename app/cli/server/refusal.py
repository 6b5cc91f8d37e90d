"""What the server itself answers, in place of the app."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.api.problems import problem
from app.errors import SluiceError


def written(error: SluiceError, default_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A problem document as it goes over the wire, and the end of the connection."""
    # Of no path: of most of these requests none is known, and some are secret.
    answer = problem(Request({"type": "http", "path": ""}), error)
    headers = [*default_headers, *answer.raw_headers, (b"connection", b"close")]
    lines = [b"%b: %b\r\n" % (name, value) for name, value in headers]
    return b"".join([STATUS_LINE[answer.status_code], *lines, b"\r\n", bytes(answer.body)])
