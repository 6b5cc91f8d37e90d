"""What a token is for, and that it does nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from pydantic import SecretStr

from app.api.auth.scopes import Principal, ScopePolicy
from app.errors import Forbidden
from app.tokens import Scope, Token
from tests.support.control import paused
from tests.support.families import Beside, Recording
from tests.support.http import api, assert_problem, bearer, traces
from tests.support.service import Opener, Sluice

PROCESS = "/api/workflows/recording/process-users"
PAGINATE = "/api/workflows/recording/paginate-users"
EXECUTE = "/api/workflows/recording/record-user"
APPROVAL = {"approval": True}


def secret(name: str) -> str:
    return f"secret-of-{name}-0123456789"


def token(name: str, *scopes: Scope) -> Token:
    return Token(name=name, secret=SecretStr(secret(name)), scopes=frozenset(scopes))


TOKENS = (
    Token(name="ops", secret=SecretStr(secret("ops"))),
    token("viewer", Scope.READ),
    token("runner", Scope.RUN),
    token("approver", Scope.APPROVE),
    token("clock", Scope.CRON),
    token("lead", Scope.RUN, Scope.APPROVE),
)


class Callers:
    """One client, and whoever calls with it."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def post(self, who: str, path: str, body: object = None) -> httpx2.Response:
        return await self._client.post(path, json=body, headers=bearer(secret(who)))

    async def call(self, who: str, method: str, path: str) -> httpx2.Response:
        return await self._client.request(method, path, headers=bearer(secret(who)))


@asynccontextmanager
async def calling(sluice: Sluice) -> AsyncIterator[Callers]:
    async with api(sluice, secret=None) as client:
        yield Callers(client)


async def test_who_may_read_is_told_what_changing_something_needs(opener: Opener) -> None:
    async with opener(Recording(), tokens=TOKENS) as sluice, calling(sluice) as callers:
        bodies: dict[str, list[object]] = {
            PROCESS: [{}, {"dryRun": False}, {"itemIds": ["u1"], **APPROVAL}],
            EXECUTE: [{"userId": "u1"}, {"userId": "u1", "runId": "run_x"}],
            PAGINATE: [{"runId": "run_x"}],
        }
        for path, several in bodies.items():
            for body in several:
                document = assert_problem(await callers.post("viewer", path, body), 403)
                assert "run" in document["needs"]
                assert document["has"] == ["read"]
        assert await traces(sluice) == (0, 0, 0)


async def test_who_may_read_may_ask_what_would_happen(opener: Opener) -> None:
    family = Recording()
    async with opener(family, tokens=TOKENS) as sluice, calling(sluice) as callers:
        await sluice.add_users(3)
        for who in ("viewer", "runner", "approver"):
            dry = await callers.post(who, PROCESS, {"dryRun": True})
            assert (dry.status_code, dry.json()["toProcess"]) == (200, 3)
            preview = await callers.post(who, EXECUTE, {"userId": "u00001", "dryRun": True})
            assert (preview.status_code, preview.json()["outcome"]) == (200, "succeeded")
        for path in (PROCESS, EXECUTE):
            assert_problem(await callers.post("clock", path, {"dryRun": True}), 403)
        assert await traces(sluice) == (0, 0, 0)
    assert not family.saved


async def test_who_may_run_does_everything_but_approve(opener: Opener) -> None:
    async with opener(Beside(), tokens=TOKENS) as sluice, calling(sluice) as callers:
        await sluice.add_users(3)
        started = await callers.post("runner", PROCESS, APPROVAL)
        run_id = started.json()["runId"]
        path = f"/api/runs/{run_id}"
        for action in ("pause", "resume"):
            assert (await callers.post("runner", f"{path}/{action}")).status_code == 200
        async with sluice.worker():
            await paused(sluice, run_id)
        for action in ("approve", "resume"):
            document = assert_problem(await callers.post("runner", f"{path}/{action}"), 403)
            assert (document["needs"], document["has"]) == (["approve"], ["run"])
            assert "runner has run." in document["detail"]
        assert (await sluice.run(run_id)).reason == "approval"
        assert (await callers.post("runner", f"{path}/cancel")).status_code == 200
        key = "/api/flow-control/recording.execute"
        assert (await callers.post("runner", f"{key}/pause")).status_code == 200
        assert (await callers.call("runner", "GET", "/api/runs")).status_code == 200


async def test_who_may_approve_approves_and_starts_and_stops_nothing(opener: Opener) -> None:
    async with opener(Beside(), tokens=TOKENS) as sluice, calling(sluice) as callers:
        await sluice.add_users(3)
        body = {**APPROVAL, "force": True}
        for way in ("approve", "resume"):
            run_id = (await callers.post("ops", PROCESS, body)).json()["runId"]
            path = f"/api/runs/{run_id}"
            async with sluice.worker():
                await paused(sluice, run_id)
                for refused in ("cancel", "pause", "retry"):
                    assert_problem(await callers.post("approver", f"{path}/{refused}"), 403)
                more = {"budget": {"usd": 5}}
                assert_problem(await callers.post("approver", f"{path}/resume", more), 403)
                answer = await callers.post("approver", f"{path}/{way}")
                assert answer.status_code == 200, answer.text
                await sluice.ended(run_id)
            events = (await callers.call("approver", "GET", f"{path}/events")).json()["events"]
            assert [e["who"] for e in events if e["kind"] == "resumed"] == ["approver"]
        assert_problem(await callers.post("approver", PROCESS, {}), 403)


async def test_an_operators_pause_is_not_lifted_by_who_may_only_approve(opener: Opener) -> None:
    async with opener(Recording(), tokens=TOKENS) as sluice, calling(sluice) as callers:
        run_id = (await callers.post("runner", PROCESS, {})).json()["runId"]
        path = f"/api/runs/{run_id}"
        await callers.post("runner", f"{path}/pause")
        document = assert_problem(await callers.post("approver", f"{path}/resume"), 403)
        assert document["needs"] == ["run"]
        assert_problem(await callers.post("approver", f"{path}/approve"), 409)
        assert (await sluice.run(run_id)).status == "paused"


async def test_a_run_that_was_approved_is_not_given_more_by_who_may_only_run(
    opener: Opener,
) -> None:
    async with opener(Recording(), tokens=TOKENS) as sluice, calling(sluice) as callers:
        run_id = (await callers.post("runner", PROCESS, APPROVAL)).json()["runId"]
        await sluice.sql("UPDATE sluice.run SET status = 'running', started_at = now()")
        more: list[tuple[str, dict[str, object]]] = [
            (PAGINATE, {"runId": run_id}),
            (PAGINATE, {"runId": run_id, "itemIds": ["u1"]}),
            (EXECUTE, {"runId": run_id, "userId": "u1"}),
        ]
        for path, body in more:
            document = assert_problem(await callers.post("runner", path, body), 403)
            assert document["needs"] == ["approve"]
        assert await sluice.items(run_id) == []
        for path, body in more:
            assert (await callers.post("lead", path, body)).status_code == 202


async def test_how_far_a_run_may_go_that_was_approved_only_an_approver_changes(
    opener: Opener,
) -> None:
    async with opener(Recording(), tokens=TOKENS) as sluice, calling(sluice) as callers:
        body = {**APPROVAL, "budget": {"usd": 1}}
        run_id = (await callers.post("runner", PROCESS, body)).json()["runId"]
        path = f"/api/runs/{run_id}"
        for reason in ("operator", "budget"):
            await sluice.sql(
                "UPDATE sluice.run SET status = 'paused', reason = :reason", reason=reason
            )
            for who, needs in (("runner", "approve"), ("approver", "run")):
                more = await callers.post(who, f"{path}/resume", {"budget": {"usd": 500}})
                assert assert_problem(more, 403)["needs"] == [needs]
        assert (await sluice.run(run_id)).options["budget"]["usd"] == 1
        answer = await callers.post("lead", f"{path}/resume", {"budget": {"usd": 500}})
        assert answer.status_code == 200


async def test_who_may_only_say_that_time_has_passed_sees_nothing(opener: Opener) -> None:
    async with opener(Recording(), tokens=TOKENS) as sluice, calling(sluice) as callers:
        assert (await callers.call("clock", "POST", "/api/cron/none")).status_code in (404, 405)
        assert_problem(await callers.call("clock", "GET", "/api/cron/none"), 403)
        for who in ("viewer", "approver"):
            assert_problem(await callers.call(who, "POST", "/api/cron/none"), 403)


async def test_the_openapi_document_says_which_scopes_open_each_operation(opener: Opener) -> None:
    async with opener(Recording(), tokens=TOKENS) as sluice, calling(sluice) as callers:
        for _ in range(2):  # the second time from memory
            paths = (await callers.call("viewer", "GET", "/openapi.json")).json()["paths"]

        def told(path: str, method: str = "post") -> list[str]:
            return [scope for one in paths[path][method]["security"] for [scope] in one.values()]

        assert told("/api/runs", "get") == ["read"]
        assert told(PROCESS) == told(EXECUTE) == ["read", "run"]
        assert told("/api/runs/{run_id}/approve") == ["approve"]
        assert told("/api/runs/{run_id}/resume") == ["run", "approve"]
        assert told("/api/runs/{run_id}/cancel") == told(PAGINATE) == ["run"]
        assert "403" in paths["/api/runs/{run_id}/cancel"]["post"]["responses"]
        assert "security" not in paths["/healthz"]["get"]


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", "/nowhere", "read"),
        ("POST", "/nowhere", "run"),
        ("BREW", "/api/runs", "run"),
        ("post", "/api/runs/x/approve", "run"),
        ("PUT", "/api/runs/x/approve", "run"),
        ("POST", "/api/runs/x/approve/", "run"),
        ("POST", "/api/runs/x/y/approve", "run"),
        ("POST", "/x/api/runs/x/approve", "run"),
        ("POST", "/api/runs/x/item/resume", "approve"),
        ("POST", "/api/runs/x/item/link", "approve"),
        ("POST", "/api/runs/x/items/a/resume", "approve"),
        ("POST", "/api/runs/x/items/a/link", "approve"),
        ("POST", "/api/runs/x/items/a/b/resume", "run"),
        ("POST", "/api/runs/x/items/resume", "run"),
        ("POST", "/api/cron", "run"),
        ("POST", "/api/cron/x/y", "cron run"),
        ("POST", "/api/events", "event run"),
        ("POST", "/api/events/x", "run"),
        ("POST", f"{PROCESS}/", "run"),
        ("DELETE", PROCESS, "run"),
    ],
)
def test_what_is_no_exception_to_the_letter_is_none(method: str, path: str, needed: str) -> None:
    assert " ".join(ScopePolicy([PROCESS]).needed(method, path)) == needed


def test_only_what_is_said_is_implied() -> None:
    opens = {
        one: {needed for needed in Scope if _passes(Principal("name", frozenset({one})), needed)}
        for one in Scope
    }
    assert opens == {
        Scope.READ: {Scope.READ},
        Scope.RUN: {Scope.RUN, Scope.READ},
        Scope.APPROVE: {Scope.APPROVE, Scope.READ},
        Scope.CRON: {Scope.CRON},
        Scope.EVENT: {Scope.EVENT},
    }


def _passes(principal: Principal, needed: Scope) -> bool:
    try:
        principal.require(needed)
    except Forbidden:
        return False
    return True
