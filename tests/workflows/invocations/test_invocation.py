"""A run for an entity that its caller hands over: one item, which has no row."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from app.store.statuses import RunStatus
from app.workflows.contract.cron import Overlap
from app.workflows.family import Context, Fatal
from tests.support.control import control, paused
from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields, traces
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact
from tests.support.stepped import steps_suspended
from tests.workflows.invocations.postcards import Kept, Postcard, Postcards, Style

PROCESS = "/api/workflows/postcard/process-users"
EXECUTE = "/api/workflows/postcard/write-user"
CARD = {"toWhom": "Ada", "copies": 2}


async def invoked(caller: httpx2.AsyncClient, path: str = PROCESS, **body: Any) -> Any:  # JSON
    answer = await caller.post(path, json={"entity": CARD, **body})
    assert answer.status_code == 202, answer.text
    return answer.json()


@pytest.mark.parametrize("path", [PROCESS, EXECUTE])
async def test_an_entity_is_executed_by_both_routes_as_the_one_item_of_its_run(
    opener: Opener, path: str
) -> None:
    family = Postcards()
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        told = await invoked(caller, path, params={"tone": "dry"})
        run = await sluice.ended(told["runId"])
        [item] = await sluice.items(run.id)
        assert_exact(run, [item])
        assert (run.status, run.succeeded, run.total_eligible) == ("succeeded", 1, 1)
        assert item.item_id == told["itemId"] == run.id.replace("run_", "adhoc_")
        assert item.result == "dry words to Ada, 2 times"
        assert [one.model_dump() for one in family.executed] == [
            {"to_whom": "Ada", "copies": 2, "lines": [], "secret": None}
        ]
        assert not family.saved
        assert not family.asked
        view = (await caller.get(f"/api/runs/{run.id}")).json()["run"]
        assert view["entity"] == {**CARD, "lines": [], "secret": None}
        assert (view["force"], view["itemIds"], view["startedBy"]) == (False, 1, "ops")


async def test_a_family_may_keep_what_comes_of_it(opener: Opener) -> None:
    family = Kept()
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        told = await invoked(caller)
        await sluice.ended(told["runId"])
        assert family.kept == {told["itemId"]: "kind words to Ada, 2 times"}
        assert not family.saved


async def test_a_dry_run_says_that_it_is_one_and_a_preview_executes(opener: Opener) -> None:
    family = Kept()
    async with opener(family) as sluice, api(sluice) as caller:
        answer = (await caller.post(PROCESS, json={"entity": CARD, "dryRun": True})).json()
        assert (answer["totalEligible"], answer["toProcess"], answer["toOverwrite"]) == (1, 1, 0)
        assert answer["message"] == "[DryRun] Would process 1 users"
        assert not family.executed
        answer = (await caller.post(EXECUTE, json={"entity": CARD, "dryRun": True})).json()
        assert (answer["outcome"], answer["overwrites"]) == ("succeeded", False)
        assert answer["result"] == "kind words to Ada, 2 times"
        assert len(family.executed) == 1
        assert [family.kept, family.saved, family.asked] == [{}, {}, []]
        assert await traces(sluice) == (0, 0, 0)


async def test_each_attempt_is_given_the_entity_as_it_came(opener: Opener) -> None:
    def fail(_name: str, ctx: Context) -> None:
        if ctx.attempt < 3:
            raise RuntimeError("not yet")

    family = Postcards(fail)
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        told = await invoked(caller)
        run = await sluice.ended(told["runId"])
    assert run.status == RunStatus.SUCCEEDED
    assert [one.lines for one in family.executed] == [[], [], []]


async def test_a_run_may_say_how_often_its_entity_is_tried(opener: Opener) -> None:
    def fail(_name: str, _ctx: Context) -> None:
        raise RuntimeError("never")

    family = Postcards(fail)
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        for path in (PROCESS, EXECUTE):
            run = await sluice.ended((await invoked(caller, path, attempts=1))["runId"])
            assert run.status == RunStatus.FAILED
    assert len(family.executed) == 2


async def test_a_retry_keeps_the_entity_and_what_its_steps_remember(opener: Opener) -> None:
    written: list[str] = []

    async def write(name: str) -> str:
        written.append(name)
        return name

    async def work(name: str, ctx: Context) -> None:
        await ctx.run("write", write, name)
        if ctx.attempt == 1 and len(family.executed) == 1:
            raise Fatal("the post is closed")

    family = Postcards(work)
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        told = await invoked(caller, params={"tone": "dry", "token": "t0p-s3cret"})
        assert (await sluice.ended(told["runId"])).status == RunStatus.FAILED
        answer = await caller.post(f"/api/runs/{told['runId']}/retry", json={})
        run = await sluice.ended(answer.json()["runId"])
        [item] = await sluice.items(run.id)
        assert (run.status, item.item_id) == (RunStatus.SUCCEEDED, told["itemId"])
        assert item.result == "dry words to Ada, 2 times"
        assert [one.to_whom for one in family.executed] == ["Ada", "Ada"]
        assert written == ["Ada"]
        assert not family.asked


async def test_a_repeated_call_starts_one_run(opener: Opener) -> None:
    key = {"Idempotency-Key": "one"}
    async with opener(Postcards()) as sluice, api(sluice) as caller:
        for path, first in ((PROCESS, "a"), (EXECUTE, "b")):
            headers = {"Idempotency-Key": first}
            one = await caller.post(path, json={"entity": CARD}, headers=headers)
            again = await caller.post(path, json={"entity": CARD | {"lines": []}}, headers=headers)
            assert (one.status_code, again.status_code) == (202, 200)
            assert again.json() == one.json()
            other = await caller.post(path, json={"entity": {"toWhom": "Bob"}}, headers=headers)
            assert fields(assert_problem(other, 422)) == ["Idempotency-Key"]
        assert await traces(sluice) == (2, 0, 2)
        counted = await caller.post(PROCESS, json={"entity": CARD}, headers=key, params={"wait": 0})
        assert counted.json()["itemId"] == counted.json()["runId"].replace("run_", "adhoc_")


async def test_whoever_waits_is_told_the_numbers(opener: Opener) -> None:
    async with opener(Postcards()) as sluice, api(sluice) as caller, sluice.worker():
        answer = await caller.post(PROCESS, json={"entity": CARD}, params={"wait": 20})
        assert (answer.status_code, answer.json()["toProcess"]) == (202, 1)


@pytest.mark.parametrize("policy", [Overlap.SKIP, Overlap.QUEUE])
async def test_it_neither_waits_for_a_run_of_the_family_nor_keeps_one_waiting(
    opener: Opener, policy: Overlap
) -> None:
    held = asyncio.Event()

    async def wait(name: str, _ctx: Context) -> None:
        if name == "Ada":
            await held.wait()

    family = Postcards(wait)
    family.overlap = policy  # type: ignore[misc]  # of this one alone
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(1)
        mine = (await invoked(caller))["runId"]
        other = await caller.post(PROCESS, json={"force": True})
        assert (await sluice.ended(other.json()["runId"])).succeeded == 1
        assert (await sluice.run(mine)).status in ("pending", "running")
        held.set()
        assert (await sluice.ended(mine)).succeeded == 1
        # And the other way round.
        stopped = await caller.post("/api/flow-control/postcard.process/pause")
        assert stopped.status_code == 200, stopped.text
        assert (await caller.post(PROCESS, json={"force": True})).status_code == 202
        assert (await caller.post(PROCESS, json={"entity": CARD})).status_code == 202


async def test_it_is_cancelled_and_paused_as_any_run(opener: Opener) -> None:
    begun, held = asyncio.Event(), asyncio.Event()

    async def wait(_name: str, _ctx: Context) -> None:
        begun.set()
        await held.wait()

    async with opener(Postcards(wait)) as sluice, api(sluice) as caller:
        first = (await invoked(caller))["runId"]
        await control(sluice, "pause", first)
        assert await control(sluice, "cancel", first) in ("cancelled", "cancelling")
        async with sluice.worker():
            assert (await sluice.ended(first)).status == "cancelled"
            second = (await invoked(caller))["runId"]
            async with asyncio.timeout(PATIENCE):
                await begun.wait()
            await control(sluice, "cancel", second)
            held.set()
            run = await sluice.ended(second)
        assert run.status == "cancelled"
        assert_exact(run, await sluice.items(second))


async def test_an_approval_is_asked_for_before_anything_is_executed(opener: Opener) -> None:
    family = Postcards()
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        run_id = (await invoked(caller, approval=True))["runId"]
        run = await paused(sluice, run_id)
        assert (run.reason, family.executed) == ("approval", [])
        assert "1 of 1 users" in str(run.detail)
        await control(sluice, "resume", run_id)
        assert (await sluice.ended(run_id)).succeeded == 1


async def test_what_it_spends_counts_against_its_budget(opener: Opener) -> None:
    def spend(_name: str, ctx: Context) -> None:
        ctx.spend(usd=3)
        raise RuntimeError("and for nothing")

    async with opener(Postcards(spend)) as sluice, api(sluice) as caller, sluice.worker():
        run = await paused(sluice, (await invoked(caller, budget={"usd": 2}))["runId"])
        assert (run.reason, run.spent_usd) == ("budget", 3.0)


class Following(Recording):
    """Begins when the work of the other family is done."""

    after = "postcard"


async def test_no_family_follows_it_nor_its_retry(opener: Opener) -> None:
    def fail_first(_name: str, _ctx: Context) -> None:
        if len(family.executed) == 1:
            raise Fatal("the post is closed")

    family = Postcards(fail_first)
    async with opener(family, Following()) as sluice, api(sluice) as caller, sluice.worker():
        first = (await invoked(caller))["runId"]
        assert (await sluice.ended(first)).status == RunStatus.FAILED
        again = await caller.post(f"/api/runs/{first}/retry", json={})
        second = (await invoked(caller))["runId"]
        for run_id in (again.json()["runId"], second):
            assert (await sluice.ended(run_id)).status == RunStatus.SUCCEEDED
        runs = await sluice.sql("SELECT id FROM sluice.run WHERE family <> 'postcard'")
    assert not runs


async def test_its_run_takes_no_other_items(opener: Opener) -> None:
    async with opener(Postcards(), Recording()) as sluice, api(sluice) as caller:
        run_id = (await invoked(caller))["runId"]
        body = {"runId": run_id, "itemIds": ["u1"]}
        answer = await caller.post("/api/workflows/postcard/paginate-users", json=body)
        assert "takes no other items" in assert_problem(answer, 409)["detail"]


async def test_secrets_of_an_entity_are_kept_encrypted_and_shown_nowhere(opener: Opener) -> None:
    secret = "s3cr3t-of-the-card"
    told: list[str] = []

    class Telling(Postcards):
        async def execute(self, entity: Postcard, params: Style, ctx: Context) -> str:
            assert entity.secret is not None
            told.append(entity.secret.get_secret_value())
            raise Fatal(f"refused with {told[0]}")

    async with opener(Telling()) as sluice, api(sluice) as caller, sluice.worker():
        run = await sluice.ended((await invoked(caller, entity=CARD | {"secret": secret}))["runId"])
        [row] = await sluice.sql("SELECT t::text FROM sluice.run AS t")
        [item] = await sluice.sql("SELECT t::text FROM sluice.item AS t")
        shown = (await caller.get(f"/api/runs/{run.id}")).text
        again = await caller.post(f"/api/runs/{run.id}/retry", json={})
        await sluice.ended(again.json()["runId"])
    assert told == [secret, secret]
    assert secret not in row[0] + item[0] + shown


async def test_it_waits_for_a_person_and_goes_on_with_the_answer(opener: Opener) -> None:
    answers: list[object] = []

    async def ask(name: str, ctx: Context) -> None:
        answers.append(await ctx.suspend("approve", {"to": name}))

    async with opener(Postcards(ask)) as sluice, api(sluice) as caller, sluice.worker():
        told = await invoked(caller)
        await steps_suspended(sluice, 1)
        path = f"/api/runs/{told['runId']}/items/{told['itemId']}"
        body = {"step": "approve", "data": {"yes": True}}
        link = await caller.post(f"{path}/link", json={"step": "approve", "expiresSeconds": 60})
        assert link.status_code == 200, link.text
        assert (await caller.post(f"{path}/resume", json=body)).status_code == 200
        assert (await sluice.ended(told["runId"])).succeeded == 1
    assert answers == [{"yes": True}]
