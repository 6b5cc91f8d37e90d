"""Errors as RFC 9457 problem documents, which also carry ``success`` and ``error``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.allowed_methods import allowed_methods
from app.api.answer_headers import headers_of, shown_path
from app.api.routing import CarriedError
from app.connections.faults import away, said
from app.errors import Fault, SluiceError, field_errors, first_of
from app.redaction.redactor import in_use, redacted
from app.workflows.contract.exceptions import FamilyFailed

MEDIA_TYPE = "application/problem+json"
HEADERS: Mapping[int, Mapping[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "1"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "5"},
}
CALLER_LEFT = 499
"""As nginx writes it into its log."""
UNREACHABLE = (
    OSError,
    PoolTimeout,
    DBAPIError,
    RedisError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)

NO_JSON = "it is not said to be JSON: send it with Content-Type: application/json"

_LOGGED = "sluice.logged"

log = structlog.get_logger("sluice.api")


class LoggedOnce:
    """The app for a server that logs what an app raises. Starlette raises an unexpected error once
    more after we have logged and answered it; of an answer that was cut off the server learns by
    that it has no end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception:
            if _LOGGED not in scope:
                raise


class ProblemResponse(JSONResponse):
    """Can be sent whatever it repeats of what a caller sent."""

    media_type = MEDIA_TYPE

    def render(self, content: object) -> bytes:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(
            errors="replace"
        )


def problem(request: Request, error: SluiceError, **more: object) -> JSONResponse:
    """The answer for an expected error; ``more`` are further members of the document."""
    headers = HEADERS.get(error.status)
    if error.field is not None:
        more.setdefault("errors", [{"field": error.field, "message": error.detail}])
    return _answer(
        request, error.status, error.title, error.detail, {**error.more, **more}, headers
    )


def install(app: FastAPI) -> None:
    app.add_exception_handler(SluiceError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _unexpected)
    for kind in UNREACHABLE:
        app.add_exception_handler(kind, _unreachable)


def _answer(
    request: Request,
    status: int,
    title: str,
    detail: str,
    more: Mapping[str, object],
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    detail = redacted(detail)
    return ProblemResponse(
        {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": shown_path(request.scope),
            "success": False,
            "error": detail,
            **in_use().of(more),
        },
        status_code=status,
        # Here as well: a 500 does not pass through the middleware that adds them.
        headers={**headers_of(request.scope), **(headers or {})},
    )


async def _expected(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SluiceError)  # noqa: S101 - tells the type checker what Starlette knows
    if isinstance(error, FamilyFailed):
        log.warning("family_failed", path=shown_path(request.scope), exc_info=error)
    return problem(request, error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    told = [_plainly(fault) for fault in error.errors()]
    faults = field_errors(RequestValidationError(told), name=_field)
    return _answer(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Unprocessable content",
        first_of(faults),
        {"errors": faults},
    )


def _plainly(fault: Fault) -> Fault:
    """Of content that was not read as JSON we are shown the bytes."""
    if isinstance(fault.get("input"), bytes):
        return {**fault, "type": "not_json", "msg": NO_JSON}
    return fault


def _field(fault: Fault) -> str:
    """``("body", "itemIds", 3)`` is ``itemIds.3``; the body as a whole is ``body``."""
    where, *inside = fault["loc"]
    if fault["type"] == "json_invalid":
        return f"{where}, character {inside[0]}"
    return ".".join(str(part) for part in inside) or str(where)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    if isinstance(error, CarriedError):
        return problem(request, error.error)
    title = HTTPStatus(error.status_code).phrase
    detail = str(error.detail)
    if not detail.endswith("."):  # Starlette's own are a word or two
        detail = f"{request.method} {shown_path(request.scope)}: {detail}."
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = allowed_methods(request)
        # A route that takes the method, and refuses it here, has said by itself what it takes.
        if request.method not in allowed:
            headers = {**(headers or {}), "Allow": ", ".join(allowed)}
    return _answer(request, error.status_code, title, detail, {}, headers)


async def _left(request: Request, _error: Exception) -> Response:
    """Nobody reads it: the status is for what stands between and for who counts answers."""
    log.info("caller_left", path=shown_path(request.scope))
    return Response(status_code=CALLER_LEFT)


async def _unreachable(request: Request, error: Exception) -> JSONResponse:
    reason = away(error)
    if reason is None:  # a DBAPIError may also be our own mistake
        return await _unexpected(request, error)
    log.warning("dependency_unreachable", path=shown_path(request.scope), error=said(error))
    detail = f"{reason} Try again in a few seconds."
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return _answer(request, status, "Service unavailable", detail, {}, HEADERS[status])


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request_failed", path=shown_path(request.scope), exc_info=error)
    request.scope[_LOGGED] = True
    detail = "Something went wrong here, and the service's log says what."
    return _answer(request, 500, "Internal error", detail, {})
