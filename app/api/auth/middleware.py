"""The door: no token, no call; no call that the token is not for; no more calls of a token at once
than it may have; and no body that is larger than we read. What QStash calls is let in by its
signature."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.admission.body_size import (
    LARGEST_BODY,
    LARGEST_SIGN_IN,
    LARGEST_WEBHOOK,
    bounded,
    require_small,
)
from app.api.admission.call_limits import CallLimits
from app.api.answer_headers import SIGNED
from app.api.auth import session_cookie
from app.api.auth.scopes import Principal, ScopePolicy
from app.api.auth.tokens import TokenRegistry
from app.api.problems import problem
from app.api.qstash.signed_calls import LARGEST_CALL, is_signed
from app.api.qstash.signed_route import MARK
from app.api.root_path import inner_path
from app.errors import BadInput, Forbidden, TooLarge, TooManyTries, Unauthorized

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/", "/console"})
CONSOLE = "/console/"
"""Below it are the files of the console, which hold no data."""
WEBHOOKS = "/api/webhooks/"
"""What is posted below it is signed, and the route looks at the signature before all else."""
SIGN_IN = frozenset({("POST", "/api/session"), ("DELETE", "/api/session")})
"""Whoever signs in has no right yet, and whoever signs out may have none any more."""


class AuthMiddleware:
    """ASGI middleware. Runs before anything of the request is parsed."""

    def __init__(self, app: ASGIApp, tokens: TokenRegistry, policy: ScopePolicy) -> None:
        self._app = app
        self._policy = policy
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = inner_path(scope) if scope["type"] == "http" else ""
        if scope["type"] != "http" or path in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        largest = LARGEST_SIGN_IN if (scope["method"], path) in SIGN_IN else LARGEST_BODY
        try:
            if is_signed(request, path) and request.app.state.api.qstash is not None:
                scope[MARK] = True  # that route alone takes it, and looks at the signature first
                require_small(request, LARGEST_CALL)
                await self._app(scope, bounded(receive, LARGEST_CALL), send)
                return
            if scope["method"] == "POST" and path.startswith(WEBHOOKS):
                require_small(request, LARGEST_WEBHOOK)
                await self._app(scope, bounded(receive, LARGEST_WEBHOOK), send)
                return
            if largest == LARGEST_SIGN_IN or path.startswith((SIGNED, CONSOLE)):
                require_small(request, largest)
                await self._app(scope, bounded(receive, largest), send)
                return
            principal = scope["sluice.principal"] = self._principal(request)
            principal.require(*self._policy.needed(scope["method"], path))
            if "\0" in path or b"%00" in scope["query_string"]:
                raise BadInput("A path or query holds no NUL character.", field="path")
            require_small(request, largest)
            limits = cast("CallLimits", request.app.state.api.limits)
            # To the end of the answer, which is that of a stream too.
            async with limits.at_the_door(request).place(principal.token) as scope["sluice.place"]:
                await self._app(scope, bounded(receive, largest), send)
        except (BadInput, Unauthorized, Forbidden, TooLarge, TooManyTries) as error:
            await problem(request, error)(scope, receive, send)

    def _principal(self, request: Request) -> Principal:
        cookie = request.cookies.get(session_cookie.NAME)
        if cookie is not None and "authorization" not in request.headers:
            return self._by_cookie(request, cookie)
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise Unauthorized(
                "This call needs a token: the secret of one of SLUICE_TOKENS, behind the word"
                " Bearer in the header Authorization."
            )
        known = self._tokens.of_secret(secret)
        if known is None:
            raise Unauthorized("This token is not known here. Compare it with SLUICE_TOKENS.")
        return known.principal

    def _by_cookie(self, request: Request, cookie: str) -> Principal:
        session = session_cookie.read(cookie, request.app.state.api.cursors, self._tokens)
        # A browser adds the cookie whichever page calls, so it alone is no sign of who meant it.
        session_cookie.require_console(request.method, request.headers)
        request.scope["sluice.expires"] = session.expires_at
        return session.known.principal
