"""Flow control over HTTP: seen, changed, and refused without a trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.bootstrap import Urls
from app.errors import ConfigurationError
from app.workflows.family import Context, Flow, FlowControl
from tests.support.families import Recording
from tests.support.http import CRON, api, assert_problem, fields
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

BASE = "/api/flow-control"
KEY = "limited.execute"
PATH = f"{BASE}/{KEY}"
CODE = {"parallelism": 3, "rate": 100, "periodSeconds": 60, "source": "code", "paused": False}
LAYERS = ("paginate", "process")


class Limited(Recording):
    name = "limited"
    flow = Flow(execute=FlowControl(parallelism=3, rate=100, period=timedelta(minutes=1)))


class Letters(Recording):
    name = "letters"
    flow = Flow(execute=FlowControl(parallelism=2, key="llm-account"))


class Summaries(Recording):
    name = "summaries"
    flow = Flow(execute=FlowControl(parallelism=2, key="llm-account"))


class Greedy(Recording):
    name = "greedy"
    flow = Flow(execute=FlowControl(parallelism=9, key="llm-account"))


@pytest.fixture
async def sluice(opener: Opener) -> AsyncIterator[Sluice]:
    async with opener(Limited()) as opened:
        yield opened


def shown(response: httpx2.Response) -> dict[str, Any]:  # a JSON document
    """What the answer says is in force, without key and counters."""
    assert response.status_code == 200, response.text
    state = response.json()["flowControl"]
    assert state["key"] == KEY
    return {name: state[name] for name in CODE}


async def overrides(sluice: Sluice) -> list[tuple[object, ...]]:
    rows = await sluice.sql(
        "SELECT key, pinned, parallelism, rate, period_ms, paused, changed_by FROM"
        " sluice.flow_override"
    )
    return [tuple(row) for row in rows]


async def test_every_layer_of_a_family_is_listed_with_the_limits_of_the_code(
    caller: httpx2.AsyncClient,
) -> None:
    listed = (await caller.get(BASE)).json()["flowControl"]
    assert [one["key"] for one in listed] == [KEY, "limited.paginate", "limited.process"]
    counted: dict[str, Any] = {
        "perPartition": None,
        "ratePerPartition": None,
        "partitionPeriodSeconds": None,
        "active": 0,
        "waiting": 0,
        "waitingApart": 0,
        "started": 0,
        "queued": 0,
        "held": None,
        "throttled": [],
    }
    assert listed[0] == {"key": KEY, **CODE, **counted}
    assert listed[1]["parallelism"] is listed[1]["rate"] is None
    assert shown(await caller.get(PATH)) == CODE


async def test_a_pin_is_in_force_in_place_of_the_code_until_it_is_deleted(
    caller: httpx2.AsyncClient,
) -> None:
    pinned = {"parallelism": 5, "rate": 0.5, "periodSeconds": 30, "source": "pinned"}
    body = {"parallelism": 5, "rate": 0.5, "periodSeconds": 30}
    assert shown(await caller.put(PATH, json=body)) == {**pinned, "paused": False}
    assert shown(await caller.get(PATH)) == {**pinned, "paused": False}
    assert shown(await caller.put(PATH, json={"parallelism": 1})) == {
        "parallelism": 1, "rate": None, "periodSeconds": 1, "source": "pinned", "paused": False
    }  # fmt: skip
    assert shown(await caller.delete(PATH)) == CODE
    assert shown(await caller.get(PATH)) == CODE


async def test_a_pause_leaves_the_limits_and_a_resume_lifts_it(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    for _ in range(2):  # doing it twice changes nothing
        assert shown(await caller.post(f"{PATH}/pause")) == {**CODE, "paused": True}
    for _ in range(2):
        assert shown(await caller.post(f"{PATH}/resume")) == CODE
    assert await overrides(sluice) == []


async def test_a_delete_keeps_a_pause_and_a_resume_keeps_a_pin(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    await caller.put(PATH, json={"parallelism": 5})
    await caller.post(f"{PATH}/pause")
    resumed = shown(await caller.post(f"{PATH}/resume"))
    assert (resumed["parallelism"], resumed["source"], resumed["paused"]) == (5, "pinned", False)
    await caller.post(f"{PATH}/pause")
    assert shown(await caller.delete(PATH)) == {**CODE, "paused": True}
    assert shown(await caller.post(f"{PATH}/resume")) == CODE
    assert await overrides(sluice) == []


async def test_who_made_the_last_change_is_recorded(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    await caller.put(PATH, json={"parallelism": 5, "rate": 2, "periodSeconds": 60})
    assert await overrides(sluice) == [(KEY, True, 5, 2.0, 60_000, False, "ops")]
    async with api(sluice, CRON) as other:
        await other.post(f"{PATH}/pause")
        assert await overrides(sluice) == [(KEY, True, 5, 2.0, 60_000, True, "cron")]
    await caller.delete(PATH)
    assert await overrides(sluice) == [(KEY, False, None, None, None, True, "ops")]


async def test_a_pin_and_a_pause_outlive_the_service(opener: Opener) -> None:
    async with opener(Limited()) as sluice, api(sluice) as caller:
        await caller.put(PATH, json={"parallelism": 5})
        before = shown(await caller.post(f"{PATH}/pause"))
    async with opener(Limited()) as sluice, api(sluice) as caller:
        assert shown(await caller.get(PATH)) == before
        assert (before["parallelism"], before["paused"]) == (5, True)
        assert shown(await caller.delete(PATH)) == {**CODE, "paused": True}


async def test_an_unknown_key_is_not_found_and_leaves_nothing_behind(
    sluice: Sluice, caller: httpx2.AsyncClient, subtests: pytest.Subtests
) -> None:
    for key in ("nope.execute", "limited", "limited.execut", "x" * 200, "%20"):
        path = f"{BASE}/{key}"
        for method, url in (
            ("GET", path),
            ("PUT", path),
            ("DELETE", path),
            ("POST", f"{path}/pause"),
            ("POST", f"{path}/resume"),
        ):
            with subtests.test(method=method, key=key[:20]):
                body = {"parallelism": 1} if method == "PUT" else None
                document = assert_problem(await caller.request(method, url, json=body), 404)
                assert fields(document) == ["key"]
    assert await overrides(sluice) == []


async def test_limits_that_make_no_sense_are_refused_and_the_former_ones_stay(
    sluice: Sluice, caller: httpx2.AsyncClient, subtests: pytest.Subtests
) -> None:
    await caller.put(PATH, json={"parallelism": 5, "rate": 2})
    before = await overrides(sluice)
    week = timedelta(weeks=1).total_seconds()
    bodies: list[tuple[dict[str, object], str]] = [
        ({"parallelism": 0}, "parallelism"),
        ({"parallelism": -1}, "parallelism"),
        ({"parallelism": True}, "parallelism"),
        ({"parallelism": 1.5}, "parallelism"),
        ({"parallelism": "3"}, "parallelism"),
        ({"parallelism": 2**31}, "parallelism"),
        ({"rate": 0}, "rate"),
        ({"rate": -1}, "rate"),
        ({"rate": "fast"}, "rate"),
        ({"rate": 1, "periodSeconds": 0}, "periodSeconds"),
        ({"rate": 1, "periodSeconds": -1}, "periodSeconds"),
        ({"rate": 1, "periodSeconds": week + 1}, "periodSeconds"),
        ({"rate": 1, "periodSeconds": None}, "periodSeconds"),
        ({"parallelism": 1, "paralelism": 2}, "paralelism"),
        ({"paused": True}, "paused"),
        ({"key": "other"}, "key"),
    ]
    for body, field in bodies:
        with subtests.test(body=str(body)):
            document = assert_problem(await caller.put(PATH, json=body), 422)
            assert field in fields(document)
            assert field in document["detail"]
    raw = {"Content-Type": "application/json"}
    for text in ("", "[]", "null", '{"rate": NaN}', '{"rate": Infinity}', "{", "7"):
        with subtests.test(text=text):
            assert_problem(await caller.put(PATH, content=text, headers=raw), 422)
    assert await overrides(sluice) == before
    now = shown(await caller.get(PATH))
    assert (now["parallelism"], now["rate"], now["source"]) == (5, 2, "pinned")


async def test_limits_are_not_taken_away_by_a_body_that_names_none(
    caller: httpx2.AsyncClient,
) -> None:
    await caller.put(PATH, json={"parallelism": 5})
    bodies: list[dict[str, object]] = [{}, {"note": "why"}, {"periodSeconds": 60}, {"note": None}]
    for body in bodies:
        document = assert_problem(await caller.put(PATH, json=body), 422)
        assert "at least one of parallelism, rate: what is null or left out" in document["detail"]
    assert shown(await caller.get(PATH))["parallelism"] == 5
    assert shown(await caller.put(PATH, json={"rate": None}))["parallelism"] is None


async def test_a_rate_is_a_number_and_nothing_that_can_be_taken_for_one(
    caller: httpx2.AsyncClient,
) -> None:
    for body in ({"rate": True}, {"rate": "5"}, {"rate": 1, "periodSeconds": True}):
        assert_problem(await caller.put(PATH, json=body), 422)


async def test_a_rate_whose_starts_lie_beyond_all_time_is_refused(
    caller: httpx2.AsyncClient,
) -> None:
    assert_problem(await caller.put(PATH, json={"rate": 1e-300, "periodSeconds": 604_800}), 422)


async def test_nobody_without_a_token_sees_or_changes_anything(sluice: Sluice) -> None:
    async with api(sluice, None) as stranger:
        assert_problem(await stranger.get(BASE), 401)
        assert_problem(await stranger.put(PATH, json={"parallelism": 1}), 401)
        assert_problem(await stranger.post(f"{PATH}/pause"), 401)
    assert await overrides(sluice) == []


async def test_what_is_at_work_and_what_waits_is_counted(opener: Opener) -> None:
    hold = asyncio.Event()

    def work(item_id: str, ctx: Context) -> object:
        return hold.wait()

    async with opener(Limited(work)) as sluice, api(sluice) as caller:
        await sluice.add_users(8)
        await caller.put(PATH, json={"parallelism": 3})
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while True:
                    state = (await caller.get(PATH)).json()["flowControl"]
                    if state["active"] == 3 and state["waiting"]:
                        break
                    await asyncio.sleep(0.02)
            assert 1 <= state["waiting"] <= 5
            hold.set()
            await sluice.ended(run_id)
        state = (await caller.get(PATH)).json()["flowControl"]
        assert (state["active"], state["waiting"]) == (0, 0)


async def test_without_redis_the_limits_are_shown_and_changed_and_the_counts_are_unknown(
    opener: Opener,
) -> None:
    urls = Urls(opener.urls.database, "redis://127.0.0.1:1")
    async with Opener(opener.settings, urls)(Limited()) as sluice, api(sluice) as caller:
        for state in (
            (await caller.get(PATH)).json()["flowControl"],
            (await caller.get(BASE)).json()["flowControl"][0],
            (await caller.put(PATH, json={"parallelism": 5})).json()["flowControl"],
        ):
            assert state["active"] is state["waiting"] is state["started"] is None
        assert state["parallelism"] == 5
        assert shown(await caller.delete(PATH)) == CODE


async def test_a_shared_key_appears_once_and_limits_both_families_together(
    opener: Opener,
) -> None:
    both = ("letters", "summaries")
    inside = most = 0

    async def wait() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.1)
        inside -= 1

    def work(item_id: str, ctx: Context) -> object:
        return wait()

    async with opener(Letters(work), Summaries(work)) as sluice, api(sluice) as caller:
        await sluice.add_users(15)
        controls = sluice.service.controls
        controls = sluice.service.controls
        listed = (await caller.get(BASE)).json()["flowControl"]
        keys = [one["key"] for one in listed]
        assert keys == sorted(
            ["llm-account", *(f"{name}.{layer}" for name in both for layer in LAYERS)]
        )
        assert_problem(await caller.get(f"{BASE}/letters.execute"), 404)
        async with sluice.worker():
            for limit in (2, 5):
                if limit != 2:
                    await caller.put(f"{BASE}/llm-account", json={"parallelism": limit})
                    async with asyncio.timeout(PATIENCE):  # until the worker follows
                        while controls.live("llm-account").control.parallelism != limit:
                            await asyncio.sleep(0.02)
                most = 0
                started = [
                    await sluice.start(name, force=True) for name in ("letters", "summaries")
                ]
                for run_id in started:
                    await sluice.ended(run_id)
                assert most == limit


async def test_families_that_share_a_key_but_not_its_limits_do_not_open(opener: Opener) -> None:
    with pytest.raises(ConfigurationError) as refused:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(opener(Letters(), Greedy()))
    sentence = refused.value.detail
    for word in ("letters.execute", "greedy.execute", "'llm-account'", "2 at once", "9 at once"):
        assert word in sentence
