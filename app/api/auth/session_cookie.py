"""The cookie by which the console calls: signed, for twelve hours, and without any secret in it.

It names the token by a keyed digest of its secret. So it is void as soon as the service is started
with other tokens, and whoever reads it learns nothing that could be tried as a token.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from app.api.auth.tokens import RegisteredToken, TokenRegistry
from app.errors import BadInput, Forbidden, Unauthorized
from app.workflows.signatures import Signer

NAME = "sluice_session"
LIFETIME = timedelta(hours=12)
CONSOLE = "X-Sluice-Console"
"""A page of another origin cannot send it: a browser asks us first, and we never say yes."""
SAFE = frozenset({"GET", "HEAD"})
_SCOPE = "session"


@dataclass(frozen=True, slots=True)
class Session:
    known: RegisteredToken
    expires_at: datetime


def issue(signer: Signer, known: RegisteredToken) -> tuple[str, datetime]:
    """The cookie's value, and until when it holds."""
    until = int(time.time() + LIFETIME.total_seconds())
    value = signer.issue(_SCOPE, [known.mark(signer.key), until])
    return value, datetime.fromtimestamp(until, UTC)


def read(value: str, signer: Signer, tokens: TokenRegistry) -> Session:
    """
    Raises:
        Unauthorized: it was not issued here, has expired, or its token is not configured any more.
    """
    try:
        mark, until = signer.accept(_SCOPE, value)
    except BadInput:
        raise Unauthorized("This session is not valid. Sign in again.") from None
    known = tokens.of_mark(mark, signer.keys)
    if known is None or time.time() >= until:
        raise Unauthorized("This session is over. Sign in again.")
    return Session(known, datetime.fromtimestamp(until, UTC))


def require_console(method: str, headers: Mapping[str, str]) -> None:
    """Refuse a call that another page may have made the browser send.

    Raises:
        Forbidden: it changes something, and does not come from the console.
    """
    if method in SAFE:
        return
    if headers.get(CONSOLE.lower()) != "1":
        raise Forbidden(f"A call by cookie that changes something needs the header {CONSOLE}: 1.")
    require_same_origin(headers)


def require_same_origin(headers: Mapping[str, str]) -> None:
    """
    Raises:
        Forbidden: a browser says that the call comes from a page of another origin.
    """
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Forbidden("This call came from a page of another origin.")


def path(request: Request) -> str:
    """Where the browser sends it: a service beside this one, below another path, has its own."""
    return request.scope.get("root_path") or "/"


def by_https(request: Request) -> bool:
    """Also where a proxy says so. Whoever lies here makes only their own cookie stricter."""
    forwarded = request.headers.get("x-forwarded-proto", "")
    return request.url.scheme == "https" or forwarded.partition(",")[0].strip() == "https"
