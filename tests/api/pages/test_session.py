"""The console's cookie: what it opens, and what opens nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx2
import pytest
from pydantic import SecretStr

from app.api.admission.body_size import LARGEST_SIGN_IN
from app.api.auth import session_cookie
from app.api.auth.tokens import TokenRegistry
from app.api.pages.session import MOST_WRONG, WRONG_TAKES
from app.tokens import Scope, Token
from app.workflows.signatures import Signer
from tests.support.families import Recording
from tests.support.http import OPS, api, assert_problem, bearer, listening, traces
from tests.support.service import Opener, Sluice

PATH = "/api/session"
PROCESS = "/api/workflows/recording/process-users"
JSON = {"Content-Type": "application/json"}
CONSOLE = {"X-Sluice-Console": "1"}
VIEWER = Token(
    name="viewer", secret=SecretStr("secret-of-viewer-0123456789"), scopes=frozenset({Scope.READ})
)
CLOCK = Token(
    name="clock", secret=SecretStr("secret-of-clock-0123456789"), scopes=frozenset({Scope.CRON})
)
TOKENS = (Token(name="ops", secret=SecretStr(OPS)), VIEWER, CLOCK)


@pytest.fixture
async def sluice(opener: Opener) -> AsyncIterator[Sluice]:
    async with opener(Recording(), tokens=TOKENS) as opened:
        yield opened


@pytest.fixture
async def caller(sluice: Sluice) -> AsyncIterator[httpx2.AsyncClient]:
    async with api(sluice, secret=None) as client:
        yield client


async def signed_in(caller: httpx2.AsyncClient, secret: str = OPS) -> str:
    """The client holds the cookie from now on. Returns it."""
    answer = await caller.post(PATH, json={"token": secret})
    assert answer.status_code == 200, answer.text
    return str(answer.cookies[session_cookie.NAME])


def holding(value: str) -> dict[str, str]:
    return {"Cookie": f"{session_cookie.NAME}={value}"}


async def test_a_token_is_taken_once_and_a_cookie_from_then_on(caller: httpx2.AsyncClient) -> None:
    answer = await caller.post(PATH, json={"token": VIEWER.secret.get_secret_value()})
    shown = answer.json()
    assert (shown["success"], shown["name"], shown["scopes"]) == (True, "viewer", ["read"])
    lasts = datetime.fromisoformat(shown["expiresAt"]).timestamp() - time.time()
    assert timedelta(hours=11.9) < timedelta(seconds=lasts) <= timedelta(hours=12)
    assert (await caller.get(PATH)).json() == shown
    assert (await caller.get("/api/runs")).status_code == 200


async def test_the_cookie_is_kept_from_scripts_and_from_other_pages(
    caller: httpx2.AsyncClient,
) -> None:
    for headers, secure in (({}, False), ({"X-Forwarded-Proto": "https"}, True)):
        answer = await caller.post(PATH, json={"token": OPS}, headers=headers)
        name, *parts = (part.strip() for part in answer.headers["set-cookie"].split(";"))
        assert name.startswith("sluice_session=")
        assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"} <= set(parts)
        assert ("Secure" in parts) is secure
        assert OPS not in str(answer.headers)
        assert answer.headers["cache-control"] == "no-store"


async def test_over_a_socket_a_session_opens_what_its_token_opens(sluice: Sluice) -> None:
    async with listening(sluice, secret=None) as caller:
        await signed_in(caller)
        started = await caller.post(PROCESS, json={}, headers=CONSOLE)
        assert started.status_code == 202
        run = (await caller.get(f"/api/runs/{started.json()['runId']}")).json()["run"]
        assert run["startedBy"] == "ops"


async def test_a_session_may_do_no_more_than_its_token(caller: httpx2.AsyncClient) -> None:
    await signed_in(caller, VIEWER.secret.get_secret_value())
    document = assert_problem(await caller.post(PROCESS, json={}, headers=CONSOLE), 403)
    assert (document["has"], document["needs"]) == (["read"], ["run"])


async def test_who_may_not_look_cannot_sign_in(caller: httpx2.AsyncClient) -> None:
    answer = await caller.post(PATH, json={"token": CLOCK.secret.get_secret_value()})
    assert_problem(answer, 403)
    assert "set-cookie" not in answer.headers


async def test_a_change_by_cookie_needs_the_consoles_header(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    await signed_in(caller)
    wrong: list[dict[str, str]] = [
        {},
        {"X-Sluice-Console": "0"},
        {"X-Sluice-Console": ""},
        {**CONSOLE, "Sec-Fetch-Site": "cross-site"},
        {**CONSOLE, "Sec-Fetch-Site": "same-site"},
        {**CONSOLE, "Sec-Fetch-Site": "none"},
    ]
    for headers in wrong:
        for method, path in (
            ("POST", PROCESS),
            ("PUT", "/api/flow-control/recording.execute"),
            ("DELETE", "/api/flow-control/recording.execute"),
            ("OPTIONS", "/api/runs"),
            ("BREW", "/api/runs"),
        ):
            answer = await caller.request(method, path, json={}, headers=headers)
            assert_problem(answer, 403)
    assert await traces(sluice) == (0, 0, 0)
    right = {**CONSOLE, "Sec-Fetch-Site": "same-origin"}
    assert (await caller.post(PROCESS, json={}, headers=right)).status_code == 202


async def test_a_token_in_the_header_needs_no_header_of_the_consoles(
    caller: httpx2.AsyncClient,
) -> None:
    await signed_in(caller, VIEWER.secret.get_secret_value())
    assert (await caller.post(PROCESS, json={}, headers=bearer(OPS))).status_code == 202
    shown = (await caller.get(PATH, headers=bearer(OPS))).json()
    assert (shown["name"], shown["expiresAt"]) == ("ops", None)
    # A wrong token is refused, whatever cookie comes with it.
    assert_problem(await caller.get("/api/runs", headers=bearer("wrong-0123456789-wrong")), 401)


async def test_a_cookie_that_was_not_issued_here_opens_nothing(
    sluice: Sluice, caller: httpx2.AsyncClient, subtests: pytest.Subtests
) -> None:
    good = await signed_in(caller)
    caller.cookies.clear()
    signer = sluice.service.api.cursors
    tokens = TokenRegistry(TOKENS)
    known = tokens.of_secret(OPS)
    assert known is not None
    marked = [known.mark(signer.key), int(time.time()) + 3600]
    forged = {
        "empty": "",
        "the secret": OPS,
        "one character more": f"{good}A",
        "one character less": good[:-1],
        "another character": good[:30] + ("A" if good[30] != "A" else "B") + good[31:],
        "another key": Signer(b"guessed").issue("session", marked),
        "a cursor": signer.issue("runs", marked),
        "a link": signer.issue("answer", marked),
        "its time is over": signer.issue("session", [known.mark(signer.key), int(time.time()) - 1]),
        "a plain digest": signer.issue(
            "session", [known.digest.hex()[:32], int(time.time()) + 3600]
        ),
    }
    for what, value in forged.items():
        with subtests.test(what):
            assert_problem(await caller.get("/api/runs", headers=holding(value)), 401)
            assert_problem(await caller.get(PATH, headers=holding(value)), 401)
            changed = {**holding(value), **CONSOLE}
            assert_problem(await caller.post(PROCESS, json={}, headers=changed), 401)
    assert (await caller.get("/api/runs", headers=holding(good))).status_code == 200


async def test_a_token_that_is_taken_back_or_changed_takes_its_sessions_with_it(
    opener: Opener,
) -> None:
    async with opener(Recording(), tokens=TOKENS) as sluice, api(sluice, secret=None) as caller:
        value = await signed_in(caller)
    changed = Token(name="ops", secret=SecretStr(f"{OPS}-of-today"))
    less = Token(name="ops", secret=SecretStr(OPS), scopes=frozenset({Scope.READ}))
    for tokens, status, scopes in (
        ((VIEWER,), 401, None),
        ((changed, VIEWER), 401, None),
        ((VIEWER, less), 200, ["read"]),
    ):
        async with opener(Recording(), tokens=tokens) as sluice, api(sluice, secret=None) as caller:
            answer = await caller.get(PATH, headers=holding(value))
            assert answer.status_code == status
            assert answer.json().get("scopes") == scopes


async def test_signing_out_takes_the_cookie_back(caller: httpx2.AsyncClient) -> None:
    await signed_in(caller)
    assert_problem(await caller.delete(PATH), 403)
    assert (await caller.delete(PATH, headers=CONSOLE)).status_code == 200
    assert not caller.cookies
    assert_problem(await caller.get(PATH), 401)
    stale = {**holding("void"), **CONSOLE}
    assert (await caller.delete(PATH, headers=stale)).status_code == 200


async def test_a_page_of_another_origin_signs_nobody_in(caller: httpx2.AsyncClient) -> None:
    body = {"token": OPS}
    for site in ("cross-site", "same-site", "none"):
        answer = await caller.post(PATH, json=body, headers={"Sec-Fetch-Site": site})
        assert_problem(answer, 403)
    # What a plain form can send is no JSON.
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await caller.post(PATH, content=json.dumps(body), headers={"Content-Type": kind})
        assert_problem(answer, 422)
        assert "set-cookie" not in answer.headers


async def test_a_wrong_token_is_answered_late_and_many_at_once_not_at_all(
    caller: httpx2.AsyncClient,
) -> None:
    began = time.monotonic()
    tries = [caller.post(PATH, json={"token": f"wrong-token-{n:08}"}) for n in range(20)]
    answers = await asyncio.gather(*tries)
    assert time.monotonic() - began >= WRONG_TAKES
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [401] * MOST_WRONG + [429] * (20 - MOST_WRONG)
    assert all(a.headers["retry-after"] == "1" for a in answers if a.status_code == 429)
    await signed_in(caller)


async def test_who_has_a_token_gets_in_while_wrong_ones_are_tried(
    caller: httpx2.AsyncClient,
) -> None:
    tries = [
        asyncio.create_task(caller.post(PATH, json={"token": f"wrong-token-{n:08}"}))
        for n in range(4 * MOST_WRONG)
    ]
    # As soon as one is refused for them, the others wait.
    done, _ = await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result().status_code for task in done} == {429}
    await signed_in(caller)
    assert not all(task.done() for task in tries)
    await asyncio.gather(*tries)


async def test_what_was_typed_is_not_shown(caller: httpx2.AsyncClient) -> None:
    for body in ({"token": "mistyped-secret-01"}, {"tokn": "mistyped-secret-01"}, ["mistyped-se"]):
        answer = await caller.post(PATH, json=body)
        assert answer.status_code in (401, 422)
        assert "mistyped-se" not in answer.text


async def test_who_signs_in_sends_no_more_than_a_token(sluice: Sluice) -> None:
    body = json.dumps({"token": OPS}).encode()

    async def chunks(size: int) -> AsyncIterator[bytes]:
        yield body
        yield b" " * (size - len(body))

    async with listening(sluice, secret=None) as caller:
        for method in ("POST", "DELETE"):
            large = body.ljust(LARGEST_SIGN_IN + 1)
            refused = await caller.request(method, PATH, content=large, headers=JSON)
            assert "4,000 bytes" in assert_problem(refused, 413)["detail"]
        for size, status in ((LARGEST_SIGN_IN, 200), (LARGEST_SIGN_IN + 1, 413)):
            answer = await caller.post(PATH, content=chunks(size), headers=JSON)
            assert answer.status_code == status, answer.text
