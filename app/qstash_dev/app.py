"""The HTTP API as an ASGI application."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from app.qstash_dev.http.door import QStashDoor
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
    """``token``: that callers must have."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for routes in (
        publish_routes, batch_routes, message_routes, queue_routes, schedule_routes,
        url_group_routes, dead_letter_routes, event_routes, flow_control_routes,
        signing_key_routes,
    ):  # fmt: skip
        app.include_router(routes(parts))
    app.add_exception_handler(QStashRefusal, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _not_found)
    return QStashDoor(app, token=token, faults=parts.faults)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, QStashRefusal)  # noqa: S101 - tells the type checker what it is for
    return JSONResponse({"error": error.error}, error.status)


async def _not_understood(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - likewise
    told = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
    return JSONResponse({"error": told}, 400)


async def _not_found(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - likewise
    return JSONResponse({"error": str(error.detail)}, error.status_code)
