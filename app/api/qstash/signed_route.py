"""The route of all calls of QStash's: it stands before the others, and takes what bears a
signature. Nothing is done before that is found right."""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from app.api.root_path import inner_path
from app.connections.faults import away, said
from app.engine.qstash.signature import HEADER, SignatureRefused
from app.errors import Unauthorized

MARK = "sluice.signed"
"""In the scope of a call that this route alone may answer."""
RETRIED = "Upstash-Retried"

log = structlog.get_logger("sluice.qstash")


class SignedRoute(Route):
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(scope) if MARK in scope else (Match.NONE, {})


def signed_route() -> BaseRoute:
    return SignedRoute("/{_:path}", _answer, methods=["POST"], include_in_schema=False)


async def _answer(request: Request) -> Response:
    calls = request.app.state.api.qstash
    path, body = inner_path(request.scope), await request.body()
    try:
        calls.check.verify(request.headers.get(HEADER), path, body)
    except SignatureRefused as refused:
        log.warning("signature_refused", path=path, reason=str(refused))
        raise Unauthorized(f"{refused} Nothing was done.") from None
    try:
        told = await calls.answer(path, body, _number(request.headers.get(RETRIED, "")))
    except Exception as error:
        if away(error) is None:
            raise
        # QStash comes again when it says itself, ever later: we may be away for an hour.
        log.warning("dependency_unreachable", path=path, error=said(error))
        return Response(status_code=503)
    return Response(status_code=told.status, headers=told.headers)


def _number(text: str) -> int:
    """How often QStash has tried, which it does not sign."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
