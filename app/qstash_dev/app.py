"""The HTTP API as an ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from app.qstash_dev.http.token_middleware import TokenMiddleware
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.routes.batch import batch_routes
from app.qstash_dev.routes.dead_letters import dead_letter_routes
from app.qstash_dev.routes.events import event_routes
from app.qstash_dev.routes.flow_control import flow_control_routes
from app.qstash_dev.routes.messages import message_routes
from app.qstash_dev.routes.publish import publish_routes
from app.qstash_dev.routes.queues import queue_routes
from app.qstash_dev.routes.schedules import schedule_routes
from app.qstash_dev.routes.signing_keys import signing_key_routes
from app.qstash_dev.routes.url_groups import url_group_routes


def build_qstash_app(parts: QStashParts, token: str) -> ASGIApp:
    """Of Starlette alone: FastAPI would take 0.1 s to make of its routes what is not needed here,
    for each server that a test starts.

    Args:
        token: that callers must have.
    """
    routes = [
        route
        for routes_of in (
            publish_routes, batch_routes, message_routes, queue_routes, schedule_routes,
            url_group_routes, dead_letter_routes, event_routes, flow_control_routes,
            signing_key_routes,
        )
        for route in routes_of(parts)
    ]  # fmt: skip
    app = Starlette(
        routes=routes, exception_handlers={QStashRefusal: _refused, HTTPException: _not_found}
    )
    app.router.redirect_slashes = False
    return TokenMiddleware(app, token=token, faults=parts.faults)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, QStashRefusal)  # noqa: S101 - tells the type checker what it is for
    return JSONResponse({"error": error.error}, error.status)


async def _not_found(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - likewise
    return JSONResponse({"error": str(error.detail)}, error.status_code)
