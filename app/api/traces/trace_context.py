"""Traces that callers have begun: W3C Trace Context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:  # it loads OpenTelemetry
    from app.tracing.service_tracing import Tracing

HEADERS = ("traceparent", "tracestate")


class ContinuedTrace:
    """ASGI middleware: what a call begins goes on with its caller's trace. Inside of the door: of
    somebody who may not call no header is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = getattr(scope["app"].state, "api", None) if scope["type"] == "http" else None
        tracing: Tracing | None = None if state is None else state.traces.tracing
        if tracing is None:
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope)
        with tracing.continued({name: told[name] for name in HEADERS if name in told}):
            await self._app(scope, receive, send)
