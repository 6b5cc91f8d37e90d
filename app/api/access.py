"""The door: no token, no call; no call that the token is not for; and no body that is larger than
we read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.api.scopes import Doors, Rights
from app.errors import BadInput, Forbidden, TooLarge, Unauthorized
from app.tokens import Token

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
SIGNED = "/answer/"
"""Below it the address itself is the right, by its signature: see ``answer_links``."""
LARGEST_BODY = 1_000_000
"""Bytes."""


class Access:
    """ASGI middleware. Runs before anything of the request is parsed."""

    def __init__(self, app: ASGIApp, tokens: Sequence[Token], doors: Doors) -> None:
        self._app = app
        self._doors = doors
        # Digests are of one length, so comparing them tells nothing about a token's length.
        self._tokens = [(Rights.of(t), _digest(t.secret.get_secret_value())) for t in tokens]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(SIGNED):
            await self._app(scope, _bounded(receive), send)
            return
        request = Request(scope)
        try:
            rights = scope["sluice.rights"] = self._rights(request)
            rights.require(*self._doors.needed(scope["method"], scope["path"]))
            if "\0" in scope["path"] or b"%00" in scope["query_string"]:
                raise BadInput("A path or query holds no NUL character.", field="path")
            length = request.headers.get("content-length", "")
            if length.isdecimal() and int(length) > LARGEST_BODY:
                raise _too_large()
            await self._app(scope, _bounded(receive), send)
        except (BadInput, Unauthorized, Forbidden, TooLarge) as error:
            await problem(request, error)(scope, receive, send)

    def _rights(self, request: Request) -> Rights:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise Unauthorized(
                "This call needs a token: Authorization: Bearer <one of SLUICE_TOKENS>."
            )
        digest = _digest(secret.strip())
        found = [rights for rights, known in self._tokens if hmac.compare_digest(known, digest)]
        if not found:
            raise Unauthorized("This token is not known here. Compare it with SLUICE_TOKENS.")
        return found[0]


def _bounded(receive: Receive) -> Receive:
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > LARGEST_BODY:
            # As FastAPI's own exception: of any other it would make a 400 while it reads.
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large().detail)
        return message

    return bounded


def _too_large() -> TooLarge:
    return TooLarge(f"The body is larger than {LARGEST_BODY:,} bytes. Send fewer ids at a time.")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
