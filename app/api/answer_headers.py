"""What every answer tells caches, browsers and whoever looks over a shoulder: headers, and a path
without the secret in it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.root_path import inner_path
from app.redaction.redactor import IN_USE

SIGNED = "/answer/"
"""Below it the address itself is the right, by its signature: see ``answer_links``."""
SIGNED_ROUTE = "/answer/{token}"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""A route that has others, such as the console's files, keeps its own."""
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",  # the address is the right to answer
    "X-Content-Type-Options": "nosniff",
}
"""Of a page without a script, which loads nothing."""


class AnswerHeaders:
    """ASGI middleware, outside of all that answers. It also puts the service's redactor in use for
    the call."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = getattr(scope["app"].state, "api", None)  # None: the service is not open yet
        if state is not None:
            IN_USE.set(state.redactor)
        more = headers_of(scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in more.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def headers_of(scope: Scope) -> Mapping[str, str]:
    return PAGE_HEADERS if inner_path(scope).startswith(SIGNED) else HEADERS


def shown_path(scope: Scope) -> str:
    """For logs and error documents: below ``/answer/`` the route's template."""
    path: str = scope["path"]
    inner = inner_path(scope)
    return path.removesuffix(inner) + SIGNED_ROUTE if inner.startswith(SIGNED) else path
