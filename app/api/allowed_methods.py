"""The methods of a path: HEAD wherever there is GET, and the header ``Allow`` of a 405."""

from __future__ import annotations

from http import HTTPMethod

from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """ASGI middleware: HEAD is answered as GET is, without the body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != HTTPMethod.HEAD:
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                # At once, so that a stream learns that nobody reads it.
                await send({"type": "http.response.body", "body": b""})

        await self._app({**scope, "method": HTTPMethod.GET.value}, receive, send_head)


def allowed_methods(request: Request) -> list[str]:
    """Of the path of this request: every method that it knows, not those of one route of it. A
    path of its own, such as /schedules/fire-times, is no /schedules/{schedule_id}."""
    found = [
        route
        for route in iter_route_contexts(request.app.routes)
        if route.matches(request.scope)[0] is not Match.NONE
    ]
    known = {
        method for route in found if route.path == found[0].path for method in route.methods or ()
    }
    if HTTPMethod.GET in known:
        known.add(HTTPMethod.HEAD)
    return [method.value for method in HTTPMethod if method in known]
