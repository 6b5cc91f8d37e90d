"""Who may call the API: whoever has the token."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.wire.destinations import TOKEN_PARAMETER


class TokenMiddleware:
    """Before every route, also those that there are not."""

    def __init__(self, app: ASGIApp, *, token: str, faults: Faults) -> None:
        self._app = app
        self._token = token.encode()
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._faults.away is not None:
            self._faults.counted["away"] += 1
            answer = JSONResponse({"error": "QStash is away."}, self._faults.away)
            await answer(scope, receive, send)
        elif not self._knows(scope):
            error = "The bearer token is missing, or is not the one of this server."
            await JSONResponse({"error": error}, 401)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        given = dict(scope["headers"]).get(b"authorization", b"")
        scheme, _, token = given.partition(b" ")
        if scheme.lower() == b"bearer":
            return hmac.compare_digest(token.strip(), self._token)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        return any(
            hmac.compare_digest(token.encode(), self._token)
            for token in query.get(TOKEN_PARAMETER, [])
        )
