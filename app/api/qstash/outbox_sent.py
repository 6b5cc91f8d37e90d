"""A call that gave rise to messages is answered once they are on their way: where nothing runs but
while a call is answered, they would else lie in the outbox until the next one."""

from __future__ import annotations

from http import HTTPMethod

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOKING = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})


class OutboxSent:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = getattr(scope["app"].state, "api", None) if scope["type"] == "http" else None
        if state is None or state.qstash is None or scope["method"] in LOOKING:
            await self._app(scope, receive, send)
            return

        async def send_behind(message: Message) -> None:
            if message["type"] == "http.response.start":
                await state.qstash.engine.sender.sent()
            await send(message)

        await self._app(scope, receive, send_behind)
