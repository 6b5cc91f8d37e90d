"""Runs that another process starts over HTTP, by the client that is installed there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any, assert_type

import pytest
from pydantic import BaseModel

from app.workflows.family import Context, FinishedRun
from sluice.client import (
    AsyncRun,
    AsyncSluiceClient,
    CallRefused,
    DryRun,
    Item,
    NotConfigured,
    Preview,
    RunNotSucceeded,
    Sample,
    SluiceClient,
)
from tests.qstash.called_service import called_service
from tests.support.http import OPS, app_of, serving, traces
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.typed.test_family_client import Letters


class Letter(BaseModel):
    """As the caller's own code has it."""

    to: str
    on: date
    within: timedelta


@asynccontextmanager
async def calling(sluice: Sluice, token: str = OPS) -> AsyncIterator[AsyncSluiceClient]:
    async with (
        serving(app_of(sluice)) as url,
        AsyncSluiceClient(url, token=token, patience=PATIENCE) as client,
    ):
        yield client


async def check_a_run(client: AsyncSluiceClient) -> None:
    letters = client.of("letter", result=Letter)
    would = await letters.trigger_process(paid_only=True, dry_run=True)
    assert_type(would, DryRun)
    assert (would.to_process, would.message) == (25, "[DryRun] Would process 25 users")
    assert await letters.dry_run({"paidOnly": True}) == would

    run = await letters.trigger_process(days=7, options={"max_failure_rate": 1.0})
    assert_type(run, AsyncRun[Letter])
    counted = await run.counted(within=PATIENCE)
    assert (counted.total_eligible, counted.to_process, counted.to_overwrite) == (250, 250, None)
    ended = await run.result(timeout=PATIENCE)
    assert (ended.status, ended.succeeded, ended.failed, ended.ended) == ("partial", 225, 25, 250)
    assert (ended.params["days"], ended.to_process, ended.has_ended) == (7, 250, True)
    found = [item async for item in run.items(status="succeeded")]
    assert_type(found, list[Item[Letter]])
    assert len(found) == 225  # more than a page
    expected = Letter(to="u00001", on=date(2026, 1, 31), within=timedelta(days=7))
    assert found[0].result == expected
    failed = [item async for item in client.run(run.id).items(status="failed")]
    assert {(item.result, item.error_message) for item in failed} == {(None, "no address")}
    assert [event.kind async for event in run.events()] == ["created", "begun", "ended"]


async def test_a_run_from_its_dry_run_to_its_results_on_postgres(opener: Opener) -> None:
    async with opener(Letters()) as sluice, sluice.worker(), calling(sluice) as client:
        await sluice.add_users(250)
        await check_a_run(client)


async def test_a_run_from_its_dry_run_to_its_results_on_qstash(opener: Opener) -> None:
    async with called_service(opener, Letters()) as called:
        await called.sluice.add_users(250)
        async with AsyncSluiceClient(called.url, token=OPS, patience=PATIENCE) as client:
            await check_a_run(client)
        await called.qstash.settled()


class Mailing(Letters):
    name = "mailing"

    async def finish(self, run: FinishedRun[Any], ctx: Context) -> dict[str, int]:
        await ctx.start("then", "letter")
        return {"sent": run.succeeded}


async def test_a_run_tells_its_finish_and_which_run_it_follows(opener: Opener) -> None:
    async with opener(Letters(), Mailing()) as sluice, calling(sluice) as client:
        await sluice.add_users(2)
        run = await client.of("mailing").trigger_process()
        async with sluice.worker():
            ended = await run.result(timeout=PATIENCE)
        assert ended.finish is not None
        assert (ended.finish.status, ended.finish.result) == ("succeeded", {"sent": 2})
        finish = await client.run(ended.finish.run_id).status()
        assert (finish.finish_of, finish.finish, finish.follows) == (run.id, None, None)
        [then] = await sluice.sql("SELECT id FROM sluice.run WHERE family = 'letter'")
        started = await client.run(then[0]).status()
    assert (started.follows, started.finish_of, started.parent) == (run.id, None, None)
    assert ended.actual is not None
    assert ended.actual.seconds > 0


async def test_one_item_is_previewed_executed_and_read_while_it_writes(opener: Opener) -> None:
    async with opener(Letters()) as sluice, calling(sluice) as client:
        await sluice.add_users(3)
        letters = client.of("letter", result=Letter)
        preview = await letters.preview("u00002", days=2)
        assert_type(preview, Preview[Letter])
        assert preview.result == Letter(to="u00002", on=date(2026, 1, 31), within=timedelta(days=2))
        with pytest.raises(CallRefused, match="no address") as caught:
            await letters.preview("u00003")
        assert caught.value.status == 424
        run = await letters.trigger_execute("u00002", days=2, attempts=1)
        reading = asyncio.create_task(all_of(run))  # it begins before the item is there
        async with sluice.worker():
            assert await reading == ["Dear Name of u00002", "Yours"]
            assert [c.data async for c in client.run(run.id).stream("u00002")] == await reading
            await run.result(timeout=PATIENCE)
            with pytest.raises(CallRefused, match="has no item 'u00001'"):
                await anext(run.stream("u00001"))
        with pytest.raises(ValueError, match="Say which item"):
            await anext(client.run(run.id).stream())


async def test_a_sample_tells_what_would_become_of_a_run(opener: Opener) -> None:
    async with opener(Letters()) as sluice, calling(sluice) as client:
        await sluice.add_users(20)
        found = await client.of("letter").sample(size=10, budget={"usd": 5}, paid_only=True)
        assert_type(found, Sample)
        assert (found.chosen, found.begun, found.outcomes.succeeded) == (2, 2, 2)
        assert found.to_process == 2
        with pytest.raises(CallRefused, match="size") as caught:
            await client.of("letter").sample(size=0)
        assert caught.value.status == 422
        assert await traces(sluice) == (0, 0, 0)


async def all_of(run: AsyncRun[Any]) -> list[object]:
    return [chunk.data async for chunk in run.stream()]


async def test_what_the_service_refuses_comes_with_its_own_sentence(opener: Opener) -> None:
    async with opener(Letters()) as sluice, calling(sluice) as client:
        with pytest.raises(CallRefused, match=r"params\.days: must be ") as caught:
            await client.of("letter").dry_run(paidOnyl=True, days="many")
        assert caught.value.status == 422
        assert {fault.field for fault in caught.value.errors} == {"params.paidOnyl", "params.days"}
        with pytest.raises(
            CallRefused, match=r"no such family as letters\. It has: letter\."
        ) as none:
            await client.of("letters").trigger_process()
        assert none.value.status == 404
        with pytest.raises(CallRefused, match="run_unknown"):
            await client.run("run_unknown").status()
        with pytest.raises(ValueError, match="as an object or by their names"):
            await client.of("letter").dry_run({"days": 1}, days=1)
        with pytest.raises(ValueError, match="list of ids"):
            await client.of("letter").trigger_process(item_ids="u00001")
        async with calling(sluice, "not-a-token-of-anybody") as stranger:
            with pytest.raises(CallRefused) as refused:
                await stranger.of("letter").dry_run()
        assert refused.value.status == 401
        assert await traces(sluice) == (0, 0, 0)


async def test_a_run_that_fails_or_is_cancelled_has_no_result(opener: Opener) -> None:
    async with opener(Letters()) as sluice, calling(sluice) as client:
        await sluice.add_users(3)
        letters = client.of("letter")
        failing = await letters.trigger_process(item_ids=["u00003"])
        cancelled = await letters.trigger_process()
        with pytest.raises(TimeoutError):
            await cancelled.wait(timeout=0.05)
        await sluice.service.api.control.cancel(cancelled.id, by="ops")
        async with sluice.worker():
            with pytest.raises(RunNotSucceeded, match=r"^Run \w+ of letter failed\.") as caught:
                await failing.result(timeout=PATIENCE)
            assert caught.value.run.failed == 1
            with pytest.raises(RunNotSucceeded, match=r"of letter was cancelled\."):
                await cancelled.result(timeout=PATIENCE)


async def test_the_same_without_async(opener: Opener) -> None:
    def play(url: str) -> list[object]:
        with SluiceClient(url, token=OPS, patience=PATIENCE) as client:
            letters = client.of("letter", result=Letter)
            assert letters.dry_run(paid_only=True).to_process == 1
            assert letters.trigger_process(paid_only=True, dry_run=True).to_process == 1
            run = letters.trigger_process(days=3, item_ids=["u00001", "u00002"])
            assert run.counted(within=PATIENCE).to_process == 2
            assert run.result(timeout=PATIENCE).succeeded == 2
            assert letters.preview("u00004").outcome == "succeeded"
            assert letters.sample(size=1, item_ids=["u00004"]).outcomes.succeeded == 1
            one = letters.trigger_execute("u00004")
            said = [chunk.data for chunk in one.stream()]
            assert one.wait(timeout=PATIENCE).status == "succeeded"
            assert [event.kind for event in one.events()][-1] == "ended"
            first = next(letters.run(run.id).items())
            assert first.result is not None
            assert first.result.within == timedelta(days=3)
            with pytest.raises(CallRefused):
                client.run("run_unknown").status()
            return said

    async with opener(Letters()) as sluice, sluice.worker(), serving(app_of(sluice)) as url:
        await sluice.add_users(10)
        assert await asyncio.to_thread(play, url) == ["Dear Name of u00004", "Yours"]


async def test_a_run_that_nobody_counts_is_not_waited_for_without_end(opener: Opener) -> None:
    async with opener(Letters()) as sluice, calling(sluice) as client:
        run = await client.of("letter").trigger_process()
        counted = await run.counted(within=0.2)
        assert (counted.status, counted.to_process) == ("pending", None)


async def test_items_are_added_to_a_run_that_is_going(opener: Opener) -> None:
    async with opener(Letters()) as sluice, calling(sluice) as client:
        await sluice.add_users(4)
        letters = client.of("letter")
        run = await letters.trigger_process(item_ids=["u00001"])
        with pytest.raises(CallRefused) as caught:
            await letters.trigger_items(run.id, ["u00002"])
        assert caught.value.status == 409
        await sluice.sql("UPDATE sluice.run SET status = 'running' WHERE id = :id", id=run.id)
        assert await letters.trigger_items(run.id, ["u00002", "u00004"]) == 2


def test_the_address_and_the_token_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SLUICE_URL", raising=False)
    with pytest.raises(NotConfigured, match=r"url=…, or SLUICE_URL"):
        AsyncSluiceClient()
    for wrong in ("ftp://there", "there", "http://"):
        with pytest.raises(NotConfigured, match="http or https URL"):
            AsyncSluiceClient(wrong)
    monkeypatch.setenv("SLUICE_URL", "http://there.example")
    monkeypatch.setenv("SLUICE_TOKEN", "with\nbreak")
    with pytest.raises(NotConfigured, match="SLUICE_TOKEN cannot be used"):
        AsyncSluiceClient()
    AsyncSluiceClient(token="one-of-its-own")
