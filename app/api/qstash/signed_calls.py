"""Which calls are QStash's: those that are signed, to addresses that it delivers to."""

from __future__ import annotations

from starlette.requests import Request

from app.engine.qstash.signature import HEADER

WORKFLOWS = "/api/workflows/"
"""Below it are the families' own routes."""
TICK = "/api/qstash/tick"
FAILED = "/api/qstash/failed"
"""Where QStash tells of what it has given up."""
LARGEST_CALL = 200_000
"""Bytes: nobody knows yet who sends them. A letter has a few hundred; with what QStash tells of one
that it has given up comes our own last answer."""


def is_signed(request: Request, path: str) -> bool:
    """Whether it is to be let in by its signature alone. A call that brings a token as well, such
    as a schedule of somebody's own in QStash, is judged by the token.

    Args:
        path: below the root path.
    """
    return (
        request.method == "POST"
        and HEADER in request.headers
        and "authorization" not in request.headers
        and (path.startswith(WORKFLOWS) or path in (TICK, FAILED))
    )
