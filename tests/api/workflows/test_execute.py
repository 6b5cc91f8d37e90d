"""The execute route: preview one item, or run it by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import Select
from sqlmodel import select

from app.workflows.family import Context, FamilyParams, Fatal, JobFamily, RetryAfter, Skip
from tests.api.workflows.test_paginate import Other, running
from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields, traces
from tests.support.service import Opener, assert_exact
from tests.support.users import User

EXECUTE = "/api/workflows/recording/record-user"


async def test_a_preview_executes_and_never_saves(opener: Opener) -> None:
    seen: list[Context] = []
    family = Recording(work=lambda _, ctx: seen.append(ctx))
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(2)
        response = await caller.post(EXECUTE, json={"userId": "u00001", "dryRun": True})
        assert response.status_code == 200
        answer = response.json()
        assert answer["success"] is True
        assert answer["dryRun"] is True
        assert answer["itemId"] == "u00001"
        assert answer["outcome"] == "succeeded"
        assert answer["result"] == "result of u00001"
        assert answer["milliseconds"] >= 0
        assert family.executed == {"u00001": 1}
        assert not family.saved
        assert [ctx.preview for ctx in seen] == [True]
        assert await traces(sluice) == (0, 0, 0)


class Silent(JobFamily[FamilyParams, str, str]):
    """Does not tell what has a result."""

    name = "silent"
    entity = Recording.entity
    verb = "record"

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)

    def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        return entity


class Keeping(Recording):
    """Tells what it has stored."""

    def __init__(self, kept: str | None = None) -> None:
        super().__init__()
        self.kept = kept
        self.asked_as_preview: list[bool] = []

    async def stored(self, item_id: str, params: FamilyParams, ctx: Context) -> str | None:
        self.asked_as_preview.append(ctx.preview)
        return self.kept


async def _preview(caller: httpx2.AsyncClient, path: str = EXECUTE) -> dict[str, Any]:  # JSON
    response = await caller.post(path, json={"userId": "u00001", "dryRun": True})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_a_preview_is_compared_with_what_is_stored(opener: Opener) -> None:
    family = Keeping("another result")
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        answer = await _preview(caller)
        assert (answer["before"], answer["after"]) == ("another result", "result of u00001")
        assert answer["result"] == answer["after"]
        assert answer["diff"].splitlines() == [
            "--- stored",
            "+++ preview",
            "@@ -1 +1 @@",
            '-"another result"',
            '+"result of u00001"',
        ]
        family.kept = "result of u00001"
        assert (await _preview(caller))["diff"] == ""
        family.kept = None
        answer = await _preview(caller)
        assert (answer["before"], answer["diff"]) == (None, None)
        assert family.asked_as_preview == [True, True, True]
        assert not family.saved
        assert await traces(sluice) == (0, 0, 0)


async def test_a_preview_says_whether_a_result_would_be_overwritten(opener: Opener) -> None:
    family = Recording()
    async with opener(family, Silent()) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        assert (await _preview(caller))["overwrites"] is False
        family.done = {"u00001"}
        assert (await _preview(caller))["overwrites"] is True
        silent = await _preview(caller, "/api/workflows/silent/record-user")
        assert silent["overwrites"] is None


async def test_a_family_that_does_not_tell_what_is_stored_is_previewed_without_it(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        answer = await _preview(caller)
        assert answer["after"] == answer["result"] == "result of u00001"
        assert (answer["before"], answer["diff"], answer["stop"]) == (None, None, None)


async def test_an_item_that_would_be_skipped_has_no_difference(opener: Opener) -> None:
    async with opener(Keeping("a result")) as sluice, api(sluice) as caller:
        answer = await _preview(caller)
        assert (answer["outcome"], answer["before"]) == ("skipped", "a result")
        assert (answer["after"], answer["diff"]) == (None, None)


async def test_a_preview_that_stops_says_where_and_with_what(opener: Opener) -> None:
    async def ask(_item: str, ctx: Context) -> None:
        await ctx.suspend("confirm", {"text": "Shall I?"})

    async with opener(Recording(work=ask)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        answer = await _preview(caller)
        assert answer["outcome"] == "suspended"
        stop = {"step": "confirm", "kind": "suspend", "payload": {"text": "Shall I?"}}
        assert (answer["stop"], answer["diff"]) == (stop, None)


async def test_a_preview_of_somebody_who_is_not_there_is_skipped(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        response = await caller.post(EXECUTE, json={"userId": "nobody", "dryRun": True})
        assert response.status_code == 200
        assert response.json()["outcome"] == "skipped"
        assert response.json()["reason"] == "The item is gone."
        assert response.json()["result"] is None
        assert not family.executed


async def test_a_preview_of_an_item_that_the_family_skips_says_why(opener: Opener) -> None:
    def skip(_item: str, _ctx: Context) -> object:
        raise Skip("on holiday")

    async with opener(Recording(work=skip)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        answer = (await caller.post(EXECUTE, json={"userId": "u00001", "dryRun": True})).json()
        assert (answer["outcome"], answer["reason"]) == ("skipped", "on holiday")


@pytest.mark.parametrize(
    "error",
    [
        Fatal("no such tongue"),
        ValueError("no such tongue"),
        RetryAfter(timedelta(1), "no such tongue"),
    ],
)
async def test_a_preview_of_an_item_that_fails_is_a_problem_document(
    opener: Opener, error: Exception
) -> None:
    def fail(_item: str, _ctx: Context) -> object:
        raise error

    family = Recording(work=fail)
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        response = await caller.post(EXECUTE, json={"userId": "u00001", "dryRun": True})
        document = assert_problem(response, 424)
        assert document["detail"] == f"{type(error).__name__}: no such tongue"
        assert "Traceback" not in response.text
        assert family.executed == {"u00001": 1}
        assert await traces(sluice) == (0, 0, 0)


async def test_an_id_may_be_called_by_its_entity_or_item_id(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        for name in ("userId", "itemId"):
            answer = await caller.post(EXECUTE, json={name: "u00001", "dryRun": True})
            assert answer.json()["itemId"] == "u00001"


async def test_one_item_runs_by_itself_even_when_it_has_a_result(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(10)
        family.done.update(ids)
        response = await caller.post(EXECUTE, json={"userId": ids[4]})
        assert response.status_code == 202
        assert response.json()["scheduled"] == 1
        run_id = response.json()["runId"]
        async with sluice.worker():
            run = await sluice.ended(run_id)
        assert (run.status, run.succeeded, run.scheduled) == ("succeeded", 1, 1)
        assert family.saved == {ids[4]: 1}
        assert_exact(run, await sluice.items(run_id))


async def test_one_item_joins_a_run_that_is_running(opener: Opener) -> None:
    async with opener(Recording(), Other()) as sluice, api(sluice) as caller:
        run_id = await running(sluice)
        body = {"userId": "u1", "runId": run_id}
        response = await caller.post(EXECUTE, json=body)
        assert response.status_code == 202
        assert response.json()["runId"] == run_id
        assert [item.item_id for item in await sluice.items(run_id)] == ["u1"]
        assert await sluice.queued() == 1
        other = "/api/workflows/other/record-user"
        assert fields(assert_problem(await caller.post(other, json=body), 422)) == ["runId"]
        await sluice.sql("UPDATE sluice.run SET status = 'cancelled'")
        assert_problem(await caller.post(EXECUTE, json=body), 409)
        assert await traces(sluice) == (1, 1, 1)
