"""Signing in to the console: a token once, and a cookie from then on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request, Response
from pydantic import Field, SecretStr

from app.api.auth import session_cookie
from app.api.auth.scopes import Principal
from app.api.auth.tokens import TokenRegistry
from app.api.dependencies import Allowed, State, bearer
from app.api.routing import Router
from app.errors import TooManyTries, Unauthorized
from app.schemas.base import Answer, Body
from app.tokens import Scope

WRONG_TAKES = 0.5
"""Seconds that a wrong token is answered after."""
MOST_WRONG = 5
"""Of one address, at once: another wrong one is refused without a wait of its own."""
MOST_WRONG_IN_ALL = 1_000

router = Router(prefix="/api/session", tags=["session"])


class WrongTries:
    """Who waits just now because of a wrong token. It forgets them with their answer."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()

    def require_few(self, address: str) -> None:
        """For who has shown a wrong token; a right one waits for nobody.

        Raises:
            TooManyTries: too many of them wait already.
        """
        if self._waiting[address] >= MOST_WRONG or self._waiting.total() >= MOST_WRONG_IN_ALL:
            raise TooManyTries("Too many wrong tokens at once. Try again in a second.")

    @contextmanager
    def waiting(self, address: str) -> Iterator[None]:
        self._waiting[address] += 1
        try:
            yield
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]


class SignIn(Body):
    token: SecretStr = Field(max_length=1_000, description="one of SLUICE_TOKENS")


class SessionAnswer(Answer):
    name: str = Field(description="of the token")
    scopes: list[Scope] = Field(description="as they were configured")
    expires_at: datetime | None = Field(description="null: by a token in the header, for good")

    @classmethod
    def of(cls, principal: Principal, expires_at: datetime | None) -> SessionAnswer:
        scopes = [scope for scope in Scope if scope in principal.scopes]
        return cls(name=principal.token, scopes=scopes, expires_at=expires_at)


def _tokens(request: Request) -> TokenRegistry:
    return cast("TokenRegistry", request.app.state.tokens)


def _tries(request: Request) -> WrongTries:
    return cast("WrongTries", request.app.state.wrong_tries)


@router.post("")
async def sign_in(
    body: SignIn,
    request: Request,
    response: Response,
    state: State,
    tokens: Annotated[TokenRegistry, Depends(_tokens)],
    tries: Annotated[WrongTries, Depends(_tries)],
) -> SessionAnswer:
    """Takes a token that may `read`, and sets the cookie `sluice_session` for twelve hours."""
    session_cookie.require_same_origin(request.headers)
    address = request.client.host if request.client is not None else ""
    known = tokens.of_secret(body.token.get_secret_value())
    if known is None:
        # Others, also behind the same proxy, may try as much as they like: who has a token gets in.
        # Secrets are too long to be guessed, however often; a wrong one only costs its sender time.
        tries.require_few(address)
        with tries.waiting(address):
            await asyncio.sleep(WRONG_TAKES)
        raise Unauthorized("This token is not known here. Compare it with SLUICE_TOKENS.")
    known.principal.require(Scope.READ)
    value, expires_at = session_cookie.issue(state.cursors, known)
    response.set_cookie(
        session_cookie.NAME,
        value,
        path=session_cookie.path(request),
        max_age=int(session_cookie.LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=session_cookie.by_https(request),
    )
    return SessionAnswer.of(known.principal, expires_at)


@router.get("", dependencies=[Depends(bearer)])
async def get_session(request: Request, allowed: Allowed) -> SessionAnswer:
    """Who is signed in, and until when."""
    expires_at: datetime | None = request.scope.get("sluice.expires")
    return SessionAnswer.of(allowed, expires_at)


@router.delete("")
async def sign_out(request: Request, response: Response) -> Answer:
    """Delete the cookie, also one that is no longer valid."""
    session_cookie.require_console("DELETE", request.headers)
    response.delete_cookie(
        session_cookie.NAME,
        path=session_cookie.path(request),
        httponly=True,
        samesite="strict",
        secure=session_cookie.by_https(request),
    )
    return Answer()
