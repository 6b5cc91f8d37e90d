"""What items wait for people for, over HTTP: listed, answered, and answered by a link."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, Field

from app.store.statuses import ItemStatus
from app.workflows.family import Context
from tests.support.http import CRON, api, assert_problem, bearer, fields
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.stepped import Stepped, items_at

PROCESS = "/api/workflows/stepped/process-users"


class Verdict(BaseModel):
    approved: bool
    note: str = Field("", max_length=20, description="why")


class Reviewed(Stepped):
    """In this file, so that ``Verdict`` is a class that the family uses."""


async def review(item: str, ctx: Context) -> object:
    payload = {"draft": f"<b>Draft of {item}</b>", "words": 3}
    return await ctx.suspend("approve", payload, resume=Verdict, timeout=timedelta(hours=1))


async def suspended(sluice: Sluice, caller: httpx2.AsyncClient, users: int = 1) -> str:
    """The id of a run whose items all wait."""
    await sluice.add_users(users)
    run_id: str = (await caller.post(PROCESS, json={})).json()["runId"]
    async with sluice.worker():
        await items_at(sluice, run_id, ItemStatus.SUSPENDED)
    return run_id


def resume(run_id: str, item_id: str = "u00001") -> str:
    return f"/api/runs/{run_id}/items/{item_id}/resume"


async def listed(caller: httpx2.AsyncClient, run_id: str, **query: Any) -> Any:  # JSON
    answer = await caller.get(f"/api/runs/{run_id}/suspended", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_waits_is_listed_with_what_it_asks_and_what_may_be_answered(
    opener: Opener,
) -> None:
    async with opener(Reviewed(review)) as sluice, api(sluice) as caller:
        run_id = await suspended(sluice, caller, users=3)
        first = await listed(caller, run_id, limit=2)
        rest = await listed(caller, run_id, limit=2, cursor=first["nextCursor"])
        run = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
    views = first["suspended"] + rest["suspended"]
    assert [view["itemId"] for view in views] == ["u00001", "u00002", "u00003"]
    assert rest["nextCursor"] is None
    assert views[0]["step"] == "approve"
    assert views[0]["runId"] == run_id
    assert views[0]["payload"] == {"draft": "<b>Draft of u00001</b>", "words": 3}
    assert views[0]["schema"]["required"] == ["approved"]
    assert views[0]["expiresAt"] is not None
    assert (run["status"], run["counters"]["suspended"]) == ("running", 3)


async def test_an_answer_lets_the_item_go_on_and_a_second_one_is_a_conflict(
    opener: Opener,
) -> None:
    family = Reviewed(review)
    async with opener(family) as sluice, api(sluice) as caller:
        run_id = await suspended(sluice, caller)
        body = {"step": "approve", "data": {"approved": True, "note": "fine"}}
        answer = await caller.post(resume(run_id), json=body)
        assert answer.status_code == 200
        assert answer.json()["step"] == "approve"
        assert_problem(await caller.post(resume(run_id), json=body), 409)
        assert (await listed(caller, run_id))["suspended"] == []
        async with sluice.worker():
            await sluice.ended(run_id)
        late = assert_problem(await caller.post(resume(run_id), json=body), 409)
        shown = (await caller.get(f"/api/runs/{run_id}/items/u00001")).json()
        events = (await caller.get(f"/api/runs/{run_id}/events")).json()["events"]
    assert "waits for no answer: it is succeeded" in late["detail"]
    assert family.results == {"u00001": Verdict(approved=True, note="fine")}
    assert shown["item"]["status"] == "succeeded"
    [step] = shown["steps"]
    assert (step["name"], step["kind"], step["status"]) == ("approve", "suspend", "done")
    assert (step["answeredBy"], step["result"]["v"]["note"]) == ("ops", "fine")
    answered = [(e["who"], e["data"]) for e in events if e["kind"] == "answered"]
    assert answered == [("ops", {"itemId": "u00001", "step": "approve"})]


async def test_of_two_answers_at_the_same_moment_one_wins(opener: Opener) -> None:
    async with opener(Reviewed(review)) as sluice, api(sluice) as caller:
        run_id = await suspended(sluice, caller)
        answers = await asyncio.gather(
            *(
                caller.post(resume(run_id), json={"data": {"approved": yes}})
                for yes in (True, False)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_an_answer_that_does_not_fit_is_refused_field_by_field(opener: Opener) -> None:
    async with opener(Reviewed(review)) as sluice, api(sluice) as caller:
        run_id = await suspended(sluice, caller)
        wrong = {"approved": "perhaps", "note": "x" * 21}
        document = assert_problem(await caller.post(resume(run_id), json={"data": wrong}), 422)
        assert fields(document) == ["data.approved", "data.note"]
        missing = assert_problem(await caller.post(resume(run_id), json={}), 422)
        assert fields(missing) == ["data"]
        nul = await caller.post(resume(run_id), json={"data": {"approved": True, "note": "\0"}})
        assert_problem(nul, 422)
        unknown = {"step": "aprove", "data": {"approved": True}}
        named = assert_problem(await caller.post(resume(run_id), json=unknown), 409)
        assert "'approve'" in named["detail"]
        assert len((await listed(caller, run_id))["suspended"]) == 1


async def test_an_item_or_run_that_is_not_there_is_not_found(opener: Opener) -> None:
    async with opener(Reviewed(review)) as sluice, api(sluice) as caller:
        run_id = await suspended(sluice, caller)
        for path in (resume(run_id, "nobody"), resume("run_none")):
            assert_problem(await caller.post(path, json={"data": {"approved": True}}), 404)
        assert_problem(await caller.get("/api/runs/run_none/suspended"), 404)
        assert_problem(await caller.get(f"/api/runs/{run_id}/items/nobody"), 404)
        assert_problem(await caller.get(f"/api/runs/{run_id}/items/nobody/stream"), 404)


async def test_only_a_token_for_approving_may_answer(opener: Opener) -> None:
    from app.tokens import parse_tokens  # noqa: PLC0415

    tokens = parse_tokens(f"ops[run]:{CRON},boss[approve]:secret-of-boss-0123456789")
    async with opener(Reviewed(review), tokens=tokens) as sluice, api(sluice, CRON) as caller:
        run_id = await suspended(sluice, caller)
        body = {"data": {"approved": True}}
        assert_problem(await caller.post(resume(run_id), json=body), 403)
        assert_problem(await caller.post(f"/api/runs/{run_id}/items/u00001/link"), 403)
        boss = bearer("secret-of-boss-0123456789")
        assert (await caller.post(resume(run_id), json=body, headers=boss)).status_code == 200


async def link(caller: httpx2.AsyncClient, run_id: str, **body: object) -> str:
    answer = await caller.post(f"/api/runs/{run_id}/items/u00001/link", json=body)
    assert answer.status_code == 200, answer.text
    return urlsplit(str(answer.json()["url"])).path


async def test_a_link_shows_the_question_and_takes_one_answer_without_a_token(
    opener: Opener,
) -> None:
    family = Reviewed(review)
    async with (
        opener(family) as sluice,
        api(sluice) as caller,
        api(sluice, secret=None) as stranger,
    ):
        run_id = await suspended(sluice, caller)
        path = await link(caller, run_id)
        page = await stranger.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "&lt;b&gt;Draft of u00001&lt;/b&gt;" in page.text
        assert "<b>Draft" not in page.text
        assert 'name="approved"' in page.text
        assert len((await listed(caller, run_id))["suspended"]) == 1  # looking answers nothing
        wrong = await stranger.post(path, data={"approved": "true", "note": "x" * 21})
        assert wrong.status_code == 422
        assert "at most 20" in wrong.text
        assert "x" * 21 in wrong.text  # what was typed is not lost
        thanks = await stranger.post(path, data={"approved": "false", "note": ""})
        assert (thanks.status_code, "Thank you" in thanks.text) == (200, True)
        for again in (await stranger.get(path), await stranger.post(path, data={})):
            assert again.status_code == 409
            assert run_id not in again.text
        async with sluice.worker():
            await sluice.ended(run_id)
    assert family.results == {"u00001": Verdict(approved=False)}


async def test_a_link_takes_json_too(opener: Opener) -> None:
    family = Reviewed(review)
    async with (
        opener(family) as sluice,
        api(sluice) as caller,
        api(sluice, secret=None) as stranger,
    ):
        path = await link(caller, await suspended(sluice, caller))
        answer = await stranger.post(path, json={"data": {"approved": True}})
        assert answer.status_code == 200


async def test_a_link_that_was_changed_or_has_expired_opens_nothing(opener: Opener) -> None:
    async with (
        opener(Reviewed(review)) as sluice,
        api(sluice) as caller,
        api(sluice, secret=None) as stranger,
    ):
        run_id = await suspended(sluice, caller)
        path = await link(caller, run_id)
        token = path.rpartition("/")[2]
        middle = len(token) // 2
        other = "A" if token[middle] != "A" else "B"
        changed = f"/answer/{token[:middle]}{other}{token[middle + 1 :]}"
        short = await link(caller, run_id, expiresSeconds=0.001)
        await asyncio.sleep(0.01)
        for gone in (changed, short, "/answer/x", "/answer/" + "x" * 5_000):
            for answer in (await stranger.get(gone), await stranger.post(gone, data={})):
                assert answer.status_code == 404
        too_long = {"expiresSeconds": 91 * 86_400}
        refused = await caller.post(f"/api/runs/{run_id}/items/u00001/link", json=too_long)
        assert fields(assert_problem(refused, 422)) == ["expiresSeconds"]


async def test_what_an_item_writes_can_be_read_while_it_is_at_work_and_later(
    opener: Opener,
) -> None:
    go_on = asyncio.Event()

    async def script(item: str, ctx: Context) -> None:
        await ctx.stream.write({"word": "one"})
        await go_on.wait()
        await ctx.stream.write({"word": "two"})

    async with opener(Reviewed(script)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        path = f"/api/runs/{run_id}/items/u00001/stream"
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while (await caller.get(path)).json().get("chunks", []) == []:
                    await asyncio.sleep(0.02)
            assert [c["data"] for c in (await caller.get(path)).json()["chunks"]] == [
                {"word": "one"}
            ]
            following = asyncio.create_task(
                caller.get(path, headers={"Accept": "text/event-stream"})
            )
            await asyncio.sleep(0.3)
            go_on.set()
            async with asyncio.timeout(PATIENCE):
                live = (await following).text
        first = (await caller.get(path, params={"limit": 1})).json()
        rest = (await caller.get(path, params={"cursor": first["nextCursor"]})).json()
        last = str(first["chunks"][0]["id"])
        again = await caller.get(
            path, headers={"Accept": "text/event-stream", "Last-Event-ID": last}
        )
    assert [line for line in live.splitlines() if line.startswith("event:")] == [
        "event: chunk", "event: chunk", "event: ended",
    ]  # fmt: skip
    assert '"status":"succeeded"' in live
    assert [c["data"]["word"] for c in first["chunks"] + rest["chunks"]] == ["one", "two"]
    assert '"word":"two"' in again.text
    assert '"word":"one"' not in again.text


async def test_a_preview_goes_as_far_as_it_changes_nothing(opener: Opener) -> None:
    calls: list[str] = []

    async def note(what: str) -> str:
        calls.append(what)
        return what

    async def script(item: str, ctx: Context) -> object:
        await ctx.run("draft", note, "draft")
        await ctx.sleep("a while", timedelta(days=3))
        await ctx.stream.write("a chunk")
        return await review(item, ctx)

    async with opener(Reviewed(script)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        answer = await caller.post(
            "/api/workflows/stepped/record-user", json={"userId": "u00001", "dryRun": True}
        )
        assert answer.status_code == 200, answer.text
        assert (
            await sluice.sql("SELECT 1 FROM sluice.step UNION ALL SELECT 1 FROM sluice.output")
            == []
        )
    document = answer.json()
    assert calls == ["draft"]
    assert document["outcome"] == "suspended"
    assert document["stop"] == {
        "step": "approve",
        "kind": "suspend",
        "payload": {"draft": "<b>Draft of u00001</b>", "words": 3},
    }
