"""Every route by every credential, told from the routes themselves: a new one is in it by itself.

What is expected stands in ``RULES`` alone. Whoever is let in is answered as the route likes, which
for ids that are not there is mostly 404 or 422; whoever is not, with 401 or 403.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from app.api.app import build_app
from app.api.auth import session_cookie
from app.tokens import EVERYTHING, Scope, Token
from tests.api.auth.test_access import every_route
from tests.support.families import Recording
from tests.support.http import api, app_of, assert_problem, bearer, nothing_opens, traces
from tests.support.service import Opener, Sluice

READ, RUN, APPROVE = Scope.READ, Scope.RUN, Scope.APPROVE
CRON, EVENT = Scope.CRON, Scope.EVENT
LETS = {READ: {READ}, RUN: {READ, RUN}, APPROVE: {READ, APPROVE}, CRON: {CRON}, EVENT: {EVENT}}
"""What each scope is good for."""
OPEN: frozenset[Scope] = frozenset()
"""No token is asked for."""
ROUTES: list[tuple[str, str, Iterable[Scope]]] = [
    ("GET|HEAD", r"/|/healthz|/readyz|/console.*", OPEN),
    ("GET|POST", r"/answer/{token}", OPEN),
    ("POST|DELETE", r"/api/session", OPEN),
    ("POST", r"/api/webhooks/{source}", OPEN),
    ("POST", r"/api/runs/{run_id}/approve", {APPROVE}),
    ("POST", r"/api/runs/{run_id}/resume", {RUN, APPROVE}),
    ("POST", r"/api/runs/{run_id}/(item|items/{item_id})/(resume|link)", {APPROVE}),
    ("POST", r"/api/cron/.*|/api/qstash/tick", {CRON, RUN}),
    ("POST", r"/api/events", {EVENT, RUN}),
    ("POST", r"/api/workflows/recording/sample-users", {READ, RUN}),
    ("GET|HEAD|OPTIONS", r".*", {READ}),
    ("POST|PUT|PATCH|DELETE", r".*", {RUN}),
]
"""The first that fits: by method and path, scopes of which one is needed."""

WORKFLOW = "/api/workflows/recording"
SPAN: dict[str, object] = {"family": "recording", "from": "2026-01-01", "to": "2026-01-02"}
DRY: dict[str, dict[str, object]] = {
    f"{WORKFLOW}/process-users": {},
    f"{WORKFLOW}/record-user": {"userId": "u1"},
    "/api/backfills": SPAN,
}
"""Bodies of routes that may be asked what they would do, with ``read``; to do it takes ``run``."""


@dataclass(frozen=True)
class Credential:
    """``scopes``: None: there is no token in it that is known. ``cookie``: sent in a cookie, and
    ``console``: with the header by which the console says that it meant to."""

    scopes: frozenset[Scope] | None
    header: str | None = None
    cookie: bool = False
    console: bool = True

    @property
    def secret(self) -> str:
        return f"secret-of-{'-'.join(sorted(self.scopes or ()))}-0123456789"

    def token(self) -> Token:
        scopes = self.scopes or EVERYTHING
        return Token(name="caller", secret=SecretStr(self.secret), scopes=scopes)

    def headers(self, sluice: Sluice) -> dict[str, str]:
        more = {session_cookie.CONSOLE: "1"} if self.console else {}
        if self.header is not None:
            more["Authorization"] = self.header
        if self.cookie:
            tokens = app_of(sluice).state.tokens
            known = tokens.of_secret(self.secret)
            value = "forged"
            if self.scopes is not None:
                value, _ = session_cookie.issue(sluice.service.api.cursors, known)
            more["Cookie"] = f"{session_cookie.NAME}={value}"
        elif self.scopes is not None:
            more |= bearer(self.secret)
        return more

    def expected(self, method: str, path: str, needed: Iterable[Scope]) -> int | None:
        """The status of a refusal; None: whoever calls is let in."""
        if not set(needed):
            leaves = (method, path) == ("DELETE", "/api/session")
            return 403 if leaves and not self.console else None
        if self.scopes is None:
            return 401
        if self.cookie and not self.console and method not in ("GET", "HEAD"):
            return 403
        good_for = {one for scope in self.scopes for one in LETS[scope]}
        return 403 if good_for.isdisjoint(needed) else None


CREDENTIALS = {
    "none": Credential(None),
    "empty": Credential(None, "Bearer "),
    "wrong secret": Credential(None, "Bearer secret-of-nobody-0123456789"),
    "wrong scheme": Credential(None, "Basic secret-of-approve-cron-event-read-run-0123456789"),
    "forged cookie": Credential(None, cookie=True),
    "wrong secret beside a cookie": Credential(None, "Bearer wrong-0123456789-wrong", cookie=True),
    **{scope.value: Credential(frozenset({scope})) for scope in Scope},
    "run and approve": Credential(frozenset({RUN, APPROVE})),
    "read and cron": Credential(frozenset({READ, CRON})),
    "read and event": Credential(frozenset({READ, EVENT})),
    "everything": Credential(EVERYTHING),
    "cookie of read": Credential(frozenset({READ}), cookie=True),
    "cookie of run": Credential(frozenset({RUN}), cookie=True),
    "cookie of everything": Credential(EVERYTHING, cookie=True),
    "cookie without the console": Credential(EVERYTHING, cookie=True, console=False),
}


def needed_for(method: str, path: str) -> frozenset[Scope]:
    for methods, pattern, scopes in ROUTES:
        if re.fullmatch(methods, method) and re.fullmatch(pattern, path):
            return frozenset(scopes)
    raise AssertionError(f"no rule is for {method} {path}")


def calls(routes: Iterable[tuple[str, str]]) -> list[tuple[str, str, Any, frozenset[Scope]]]:
    """Method, path, body, and what is needed."""
    found: list[tuple[str, str, Any, frozenset[Scope]]] = []
    for method, path in sorted(routes):
        if method == "POST" and path in DRY:
            dry = {**DRY[path], "dryRun": True}
            found.append((method, path, dry, frozenset({READ, RUN})))
            found.append((method, path, DRY[path], frozenset({RUN})))
        else:
            found.append((method, path, None, needed_for(method, path)))
    return found


@pytest.fixture(scope="module")
async def routes() -> set[tuple[str, str]]:
    return every_route(build_app([Recording()], [], lifespan=nothing_opens))


@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS)
async def test_each_route_lets_in_who_has_the_scope_and_nobody_else(
    opener: Opener,
    subtests: pytest.Subtests,
    routes: set[tuple[str, str]],
    credential: Credential,
) -> None:
    async with (
        opener(Recording(), tokens=(credential.token(),)) as sluice,
        api(sluice, secret=None) as caller,
    ):
        await sluice.add_users(1)
        headers = credential.headers(sluice)
        assert {*DRY, "/openapi.json", "/healthz"} <= {path for _, path in routes}
        for method, path, body, needed in calls(routes):
            with subtests.test(f"{method} {path} {body or ''}"):
                expected = credential.expected(method, path, needed)
                answer = await caller.request(
                    method, re.sub(r"{.*?}", "x", path), json=body, headers=headers
                )
                if expected is not None and method != "HEAD":
                    assert_problem(answer, expected)
                elif expected is not None:
                    assert answer.status_code == expected
                if expected == 401:
                    assert answer.headers["www-authenticate"] == "Bearer"
                if expected is None:
                    assert answer.status_code not in (401, 403), answer.text
                    assert answer.status_code < 500 or path == "/readyz", answer.text
        # A clock that calls starts what its family does; nobody else changed anything.
        if not {RUN, CRON} & (credential.scopes or set()):
            assert await traces(sluice) == (0, 0, 0)


async def test_the_openapi_document_says_of_each_route_what_opens_it(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        paths: Mapping[str, Any] = app_of(sluice).openapi()["paths"]
    told = {
        (method.upper(), path): {
            scope
            for one in operation.get("security", ())
            for scopes in one.values()
            for scope in scopes
        }
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    assert len(told) > 50
    for (method, path), scopes in told.items():
        dry = method == "POST" and path in DRY
        assert scopes == ({READ, RUN} if dry else needed_for(method, path)), (method, path)
    both = {path for (method, path), scopes in told.items() if scopes == {READ, RUN}}
    assert both == {*DRY, f"{WORKFLOW}/sample-users"}, "give each of them a body in DRY"
