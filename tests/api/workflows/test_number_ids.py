"""Ids may be whole numbers wherever an item is named; they are exact, or refused."""

from __future__ import annotations

import httpx2
import pytest

from app.workflows.family import Context
from tests.api.workflows.test_paginate import running
from tests.support.families import Beside, Recording
from tests.support.http import api, assert_problem
from tests.support.service import Opener

BEYOND = 2**70 + 1
"""No double holds it."""
EXECUTE = "/api/workflows/numbered/record-user"
PROCESS = "/api/workflows/numbered/process-users"
PAGINATE = "/api/workflows/numbered/paginate-users"


class Numbered(Beside):
    name = "numbered"

    async def load(self, item_id: str, ctx: Context) -> str | None:
        return item_id


async def test_whole_numbers_are_ids_wherever_an_item_is_named(opener: Opener) -> None:
    family = Numbered(work=lambda item_id, _: 1 / (int(item_id) - 9))
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        for body in ({"userId": 1, "dryRun": True}, {"itemId": BEYOND, "dryRun": True}):
            preview = (await caller.post(EXECUTE, json=body)).json()
            assert preview["itemId"] in {"1", str(BEYOND)}
        one = (await caller.post(EXECUTE, json={"userId": 1})).json()
        assert (await sluice.ended(one["runId"])).succeeded == 1
        named = (await caller.post(PROCESS, json={"itemIds": [2, "3", BEYOND, 9]})).json()
        run = await sluice.ended(named["runId"])
        assert {item.item_id for item in await sluice.items(run.id)} == {
            "2", "3", str(BEYOND), "9",
        }  # fmt: skip
        retry = (await caller.post(f"/api/runs/{run.id}/retry", json={"itemIds": [9]})).json()
        assert retry["items"] == 1
        listed = (await caller.post("/api/item-lists", json={"itemIds": [4, 5]})).json()
        part = await caller.post(f"/api/item-lists/{listed['listId']}", json={"itemIds": [5, 6]})
        assert part.json()["items"] == 3


async def test_whole_numbers_join_a_run_that_is_under_way(opener: Opener) -> None:
    async with opener(Recording(), Numbered()) as sluice, api(sluice) as caller:
        run_id = await running(sluice)
        path = "/api/workflows/recording"
        body = {"runId": run_id, "itemIds": [7, 8]}
        assert (await caller.post(f"{path}/paginate-users", json=body)).json()["scheduled"] == 2
        joined = await caller.post(f"{path}/record-user", json={"runId": run_id, "userId": 9})
        assert joined.json()["scheduled"] == 1
        assert [item.item_id for item in await sluice.items(run_id)] == ["7", "8", "9"]


@pytest.mark.parametrize("wrong", ["true", "1.0", "1.5", "null", "[1]", "{}", '""', "1e3"])
async def test_what_is_neither_text_nor_a_whole_number_is_refused(
    opener: Opener, wrong: str
) -> None:
    async with opener(Numbered()) as sluice, api(sluice) as caller:

        async def refused(path: str, body: str) -> None:
            answer: httpx2.Response = await caller.post(
                path, content=body, headers={"Content-Type": "application/json"}
            )
            assert_problem(answer, 422)

        await refused(EXECUTE, f'{{"userId": {wrong}, "dryRun": true}}')
        await refused(PROCESS, f'{{"itemIds": [{wrong}]}}')
        await refused("/api/item-lists", f'{{"itemIds": [{wrong}]}}')


async def test_the_schema_says_that_an_id_may_be_a_whole_number(opener: Opener) -> None:
    async with opener(Numbered()) as sluice, api(sluice) as caller:
        schemas = (await caller.get("/openapi.json")).json()["components"]["schemas"]
        shapes = schemas["NumberedExecute"]["properties"]["userId"]["anyOf"]
        assert {shape["type"] for shape in shapes} == {"string", "integer"}


class Parent(Numbered):
    name = "parent"

    async def execute(self, entity: str, params: object, ctx: Context) -> str:
        return str(await ctx.child("its", "numbered", int(entity) + 1))


async def test_code_may_name_items_by_whole_numbers_too(opener: Opener) -> None:
    parent, child = Parent(), Numbered()
    async with opener(parent, child) as sluice, sluice.worker():
        run = await sluice.ended(await sluice.start("parent", item_ids=[1, 5]))
        assert (run.status, run.succeeded) == ("succeeded", 2)
        assert set(child.executed) == {"2", "6"}
