"""A preview takes its turn as an item of a run does: the family's limits hold for both together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.flow.caller_gate import CallerGate
from app.flow.redis_gate import RedisGate
from app.workflows.family import Flow, FlowControl
from tests.api.admission.few_places import places
from tests.support.families import AtOnce, Recording
from tests.support.held import Held
from tests.support.http import OPS, app_of, assert_problem, bearer, serving
from tests.support.patience import PATIENCE
from tests.support.servers.ports import closed_port
from tests.support.service import Opener, Sluice
from tests.support.users import User

EXECUTE = "/api/workflows/recording/record-user"
KEY = "recording.execute"


@asynccontextmanager
async def calling(
    sluice: Sluice, *, patience: float | None = None
) -> AsyncIterator[httpx2.AsyncClient]:
    """
    Args:
        patience: seconds that a preview waits for its turn; None: as ever.
    """
    app, service = app_of(sluice), sluice.service
    # Only the gate is to hold previews back here.
    api = replace(service.api, limits=replace(service.api.limits, previews=places(1_000)))
    unlimited = httpx2.Limits(max_connections=None)
    async with AsyncExitStack() as stack:
        if patience is not None:
            gate = RedisGate(service.redis, service.settings.redis_prefix, service.controls)
            turns = CallerGate(gate, service.controls, patience=patience)
            await stack.enter_async_context(aclosing(turns))
            api = replace(api, previews=replace(api.previews, permit=turns.permit))
        app.state.api = api
        url = await stack.enter_async_context(serving(app))
        yield await stack.enter_async_context(
            httpx2.AsyncClient(base_url=url, headers=bearer(OPS), limits=unlimited, timeout=60)
        )


async def preview(client: httpx2.AsyncClient, user: str) -> httpx2.Response:
    return await client.post(EXECUTE, json={"userId": user, "dryRun": True})


async def test_beside_a_worker_no_more_are_at_work_than_the_family_allows(opener: Opener) -> None:
    family = AtOnce()
    async with opener(family) as sluice, calling(sluice, patience=60) as client:
        users = await sluice.add_users(60)
        run_id = await sluice.start()
        async with sluice.worker():
            answers = await asyncio.gather(*(preview(client, user) for user in users[:30]))
            run = await sluice.ended(run_id)
    assert {answer.status_code for answer in answers} == {200}
    assert (run.status, run.succeeded, family.previewed) == ("succeeded", 60, 30)
    assert family.most == 3


async def test_a_preview_gets_its_turn_while_a_run_takes_every_slot(opener: Opener) -> None:
    family = Held()
    family.flow = Flow(execute=FlowControl(parallelism=2))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, calling(sluice) as client:
        users = await sluice.add_users(4)
        await sluice.start(item_ids=users[:3])
        async with sluice.worker():
            await family.until_inside(2)
            waits = asyncio.create_task(preview(client, users[3]))
            family.let_go.set()
            assert (await waits).json()["outcome"] == "succeeded"


async def test_one_whose_turn_does_not_come_is_told_to_come_again(opener: Opener) -> None:
    family = Held()
    family.flow = Flow(execute=FlowControl(parallelism=1))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, calling(sluice, patience=1) as client:
        first, second = await sluice.add_users(2)
        held = asyncio.create_task(preview(client, first))
        await family.until_inside(1)
        refused = await preview(client, second)
        assert "allows 1 at once" in assert_problem(refused, 429)["detail"]
        assert refused.headers["retry-after"]
        family.let_go.set()
        assert (await held).status_code == 200
        assert (await preview(client, second)).status_code == 200


async def test_a_rate_holds_for_previews(opener: Opener) -> None:
    family = Recording()
    slow = FlowControl(rate=1, period=timedelta(minutes=1))
    family.flow = Flow(execute=slow)  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, calling(sluice, patience=1) as client:
        [user] = await sluice.add_users(1)
        assert (await preview(client, user)).status_code == 200
        assert_problem(await preview(client, user), 429)


async def test_a_preview_keeps_to_the_limits_of_its_items_partition(opener: Opener) -> None:
    family = Held()
    family.flow = Flow(execute=FlowControl(per_partition=1))  # type: ignore[misc]  # for this test
    family.eligible = lambda _: select(  # type: ignore[method-assign, assignment]  # for this test
        col(User.id), func.substr(User.id, 5, 1)
    )
    async with opener(family) as sluice, calling(sluice, patience=1) as client:
        users = await sluice.add_users(12)
        held = asyncio.create_task(preview(client, users[0]))
        await family.until_inside(1)
        refused = await preview(client, users[1])
        assert "1 at once of the partition '0'" in assert_problem(refused, 429)["detail"]
        other = asyncio.create_task(preview(client, users[11]))
        await family.until_inside(2)
        family.let_go.set()
        assert {(await one).status_code for one in (held, other)} == {200}
        assert (await preview(client, users[1])).status_code == 200


@pytest.mark.parametrize("limit", [FlowControl(), FlowControl(parallelism=1)])
async def test_of_a_paused_key_nothing_begins_no_preview_either(
    opener: Opener, limit: FlowControl
) -> None:
    family = Recording()
    family.flow = Flow(execute=limit)  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, calling(sluice, patience=60) as client:
        [user] = await sluice.add_users(1)
        assert (await client.post(f"/api/flow-control/{KEY}/pause")).status_code == 200
        async with asyncio.timeout(PATIENCE):  # it waits for no turn
            document = assert_problem(await preview(client, user), 409)
        assert f"sluice flow resume {KEY}" in document["detail"]
        assert not family.executed
        assert (await client.post(f"/api/flow-control/{KEY}/resume")).status_code == 200
        assert (await preview(client, user)).status_code == 200


async def test_limits_that_an_operator_has_pinned_hold_at_once(opener: Opener) -> None:
    family = Held()
    family.flow = Flow(execute=FlowControl(parallelism=9))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, calling(sluice, patience=1) as client:
        first, second = await sluice.add_users(2)
        pinned = await client.put(f"/api/flow-control/{KEY}", json={"parallelism": 1})
        assert pinned.status_code == 200
        held = asyncio.create_task(preview(client, first))
        await family.until_inside(1)
        assert_problem(await preview(client, second), 429)
        family.let_go.set()
        assert (await held).status_code == 200


async def test_without_redis_a_family_with_a_limit_is_not_previewed(opener: Opener) -> None:
    limited, open_one = AtOnce(), Recording()
    open_one.name = "open"  # type: ignore[misc]  # beside the other
    with closed_port() as port:
        urls = replace(opener.urls, redis=f"redis://127.0.0.1:{port}")
        away = replace(opener, urls=urls)
        async with away(limited, open_one) as sluice, calling(sluice, patience=1) as client:
            [user] = await sluice.add_users(1)
            answer = await preview(client, user)
            assert "Redis does not answer" in assert_problem(answer, 503)["detail"]
            assert answer.headers["retry-after"]
            body = {"userId": user, "dryRun": True}
            unlimited = await client.post("/api/workflows/open/record-user", json=body)
            assert unlimited.status_code == 200
    assert not limited.executed


async def test_a_preview_that_its_caller_gives_up_gives_its_slot_back(opener: Opener) -> None:
    family = Held()
    family.flow = Flow(execute=FlowControl(parallelism=1))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, calling(sluice) as client:
        first, second = await sluice.add_users(2)
        held = asyncio.create_task(preview(client, first))
        await family.until_inside(1)
        held.cancel()
        waits = asyncio.create_task(preview(client, second))
        async with asyncio.timeout(PATIENCE):
            while family.inside != {second}:
                await asyncio.sleep(0.005)
        family.let_go.set()
        assert (await waits).status_code == 200
