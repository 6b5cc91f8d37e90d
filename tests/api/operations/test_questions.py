"""What items of any run wait for people for, in one list."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.store.statuses import ItemStatus
from app.store.steps import questions
from app.tokens import Scope, Token
from app.workflows.family import Context
from tests.support.http import api, assert_problem, bearer
from tests.support.service import Opener, Sluice
from tests.support.stepped import Stepped, items_at, steps_suspended


class Asking(Stepped):
    name = "asking"


class Parent(Stepped):
    name = "parent"


async def ask(item: str, ctx: Context) -> object:
    return await ctx.suspend("approve", {"item": item})


async def beside(item: str, ctx: Context) -> object:
    return await ctx.suspend("publish", "x" * (20_000 if item == "u00002" else 5))


async def asked(caller: httpx2.AsyncClient, **query: str | int) -> Any:  # JSON
    answer = await caller.get("/api/suspended", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def all_waiting(sluice: Sluice, *families: str) -> list[str]:
    """A run of each of these, one after another, whose items all wait."""
    found = []
    async with sluice.worker():
        for family in families:
            found.append(await sluice.start(family))
            await items_at(sluice, found[-1], ItemStatus.SUSPENDED)
    return found


async def test_what_waits_anywhere_is_listed_in_the_order_in_which_runs_were_started(
    opener: Opener,
) -> None:
    async with opener(Asking(ask), Stepped(beside)) as sluice, api(sluice) as caller:
        assert (await asked(caller))["questions"] == []
        await sluice.add_users(2)
        first, second = await all_waiting(sluice, "asking", "stepped")
        whole = await asked(caller)
        pages = []
        query: dict[str, str | int] = {"limit": 1}
        while True:
            page = await asked(caller, **query)
            pages += page["questions"]
            if page["nextCursor"] is None:
                break
            query["cursor"] = page["nextCursor"]
        other = await asked(caller, family="asking", limit=1)
        elsewhere = {"family": "stepped", "cursor": other["nextCursor"]}
        assert_problem(await caller.get("/api/suspended", params=elsewhere), 422)
        of_one = (await asked(caller, family="stepped"))["questions"]
    assert whole["nextCursor"] is None
    assert pages == whole["questions"]
    assert [(one["family"], one["runId"], one["itemId"], one["step"]) for one in pages] == [
        ("asking", first, "u00001", "approve"),
        ("asking", first, "u00002", "approve"),
        ("stepped", second, "u00001", "publish"),
        ("stepped", second, "u00002", "publish"),
    ]
    assert of_one == pages[2:]
    assert pages[0]["payload"] == {"item": "u00001"}
    assert [one["payloadOmitted"] for one in pages] == [False, False, False, True]
    assert pages[3]["payload"] is None
    assert pages[0]["expiresAt"] is None


async def test_what_was_answered_or_cancelled_is_not_listed(opener: Opener) -> None:
    async with opener(Asking(ask), Stepped(beside)) as sluice, api(sluice) as caller:
        await sluice.add_users(2)
        _, second = await all_waiting(sluice, "asking", "stepped")
        [one, *_] = (await asked(caller))["questions"]
        given = await caller.post(one["answer"], json={"step": one["step"], "data": "yes"})
        assert given.status_code == 200, given.text
        await caller.post(f"/api/runs/{second}/cancel")
        left = (await asked(caller))["questions"]
    assert [(one["family"], one["itemId"]) for one in left] == [("asking", "u00002")]


async def test_a_childs_question_is_listed_once_and_answered_where_it_is(opener: Opener) -> None:
    async def hand_over(item: str, ctx: Context) -> object:
        return await ctx.child("of it", "asking", f"post/{item}?#1")

    async def load(item_id: str, ctx: Context) -> str:
        return item_id

    child = Asking(ask)
    child.load = load  # type: ignore[method-assign]  # its items are no users
    async with opener(Parent(hand_over), child) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        async with sluice.worker():
            run_id = await sluice.start("parent")
            await steps_suspended(sluice, 1)
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            [one] = (await asked(caller))["questions"]
            given = await caller.post(one["answer"], json={"data": "yes"})
            assert given.status_code == 200, given.text
            await sluice.ended(run_id)
    assert (one["family"], one["itemId"]) == ("asking", "post/u00001?#1")
    assert one["parentRunId"] == run_id
    assert one["runId"] != run_id


async def test_what_has_ended_costs_it_nothing(opener: Opener) -> None:
    """Neither items by the thousand nor questions that their run's end has left behind."""
    async with opener(Asking(ask)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        [run_id] = await all_waiting(sluice, "asking")
        await sluice.sql(
            "INSERT INTO sluice.run (id, family, started_by, status, finished_at, force,"
            " params) SELECT 'run_0' || n, 'asking', 'test', 'cancelled', now(), false, '{}'"
            " FROM generate_series(1, 2000) n"
        )
        await sluice.sql(
            "INSERT INTO sluice.item (run_id, item_id, status)"
            " SELECT 'run_0' || n % 2000 + 1, 'i' || n, 'cancelled'"
            " FROM generate_series(1, 100000) n"
        )
        await sluice.sql(
            "INSERT INTO sluice.step"
            " (run_id, item_id, name, kind, status, position, alone, item_attempt, started_at)"
            " SELECT run_id, item_id, 'approve', 'suspend', 'suspended', 1, true, 1, now()"
            " FROM sluice.item WHERE status = 'cancelled'"
        )
        await sluice.sql("ANALYZE sluice.run, sluice.item, sluice.step")
        [one] = (await asked(caller))["questions"]
        statement = re.sub(r":(\w+)", _value, questions._ANYWHERE)
        async with sluice.service.database.connect() as connection:
            plan = await connection.scalars(text(f"EXPLAIN (ANALYZE, BUFFERS) {statement}"))
            lines = "\n".join(plan)
    assert one["runId"] == run_id
    assert "Seq Scan on step" not in lines
    assert "Seq Scan on item" not in lines
    assert "ix_run_active" in lines, lines
    assert int(re.findall(r"shared hit=(\d+)", lines)[0]) < 100, lines


def _value(name: re.Match[str]) -> str:
    return {"limit": "51", "largest": "10000", "family": "NULL"}.get(name[1], "''")


@pytest.mark.parametrize(("scope", "status"), [(Scope.READ, 200), (Scope.CRON, 403)])
async def test_it_is_read_with_the_right_to_read(opener: Opener, scope: Scope, status: int) -> None:
    secret = "secret-of-somebody-0123456789"
    token = Token(name="somebody", secret=SecretStr(secret), scopes=frozenset({scope}))
    async with opener(Asking(ask), tokens=(token,)) as sluice, api(sluice, None) as caller:
        answer = await caller.get("/api/suspended", headers=bearer(secret))
    assert answer.status_code == status
