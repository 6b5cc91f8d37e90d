"""A limit told by the other side holds the flow key: for all workers, once, and for so long."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.errors import Conflict
from app.flow.limits import FlowControl
from app.store.statuses import ItemStatus
from app.workflows.contract.steps.http_response import HttpResponse
from app.workflows.family import Context, FamilyParams, Flow, RetryAfter
from app.workflows.throttles.told_holds import ToldHolds
from tests.support.families import Recording
from tests.support.http import OPS, api, bearer
from tests.support.network.llm_server import Server, response
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import EVIDENCE, worker_process
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.stepped import Stepped, items_at, remembered, time_passes
from tests.workflows.throttles.telling_worker import HELD, TOLD, Telling

MODULE = "tests.workflows.throttles.telling_worker"
WHY = "the provider asks to come again"
KEY = "recording.execute"
ITEM_SECONDS = 0.02
FOLLOW = 1.0
"""Seconds within which every worker knows."""


class Limited(Recording):
    """Under a flow control of its own; writes down when each item began."""

    def __init__(
        self, *, name: str = "recording", control: FlowControl, tells: timedelta | None = None
    ) -> None:
        super().__init__()
        self.name = name  # type: ignore[misc]  # a class's, and here of one object
        self.flow = Flow(execute=control)  # type: ignore[misc]
        self.tells = tells
        self.began: list[tuple[float, str]] = []

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        self.began.append((time.monotonic(), entity))
        if self.tells is not None:
            asked, self.tells = self.tells, None
            raise RetryAfter(asked, WHY, hold=True)
        return await super().execute(entity, params, ctx)


def told(sluice: Sluice) -> ToldHolds:
    service = sluice.service
    return ToldHolds(service.pools.ledger, service.controls, service.throttles.tell)


async def left(sluice: Sluice, key: str = KEY) -> float:
    """Seconds until the hold ends; 0: there is none."""
    rows = await sluice.sql(
        "SELECT extract(epoch FROM until - now())::float8 FROM sluice.flow_hold"
        " WHERE key = :key AND cause = 'told' AND until > now()",
        key=key,
    )
    return float(rows[0][0]) if rows else 0.0


async def clock(sluice: Sluice) -> float:
    """The database's, in seconds."""
    [[now]] = await sluice.sql("SELECT extract(epoch FROM clock_timestamp())::float8")
    return float(now)


async def end(sluice: Sluice) -> float:
    """Of the hold, by that clock."""
    [[until]] = await sluice.sql("SELECT extract(epoch FROM until)::float8 FROM sluice.flow_hold")
    return float(until)


@pytest.mark.slow
async def test_three_workers_leave_the_other_side_alone_until_it_wants_to_be_called_again(
    opener: Opener,
) -> None:
    """Judged by when items began, as they wrote it down."""
    async with opener(Telling()) as sluice:
        for statement in (*EVIDENCE, TOLD):
            await sluice.sql(statement)
        await sluice.add_users(400)
        prefix = opener.settings.redis_prefix
        start = partial(
            worker_process, opener.urls, prefix, item_seconds=ITEM_SECONDS, module=MODULE
        )
        async with start(), start(), start():
            run = await sluice.ended(await sluice.start("traced"))
        [[at]] = await sluice.sql("SELECT extract(epoch FROM min(at))::float8 FROM told")
        rows = await sluice.sql(
            "SELECT extract(epoch FROM began)::float8, pid FROM execution ORDER BY began"
        )
        items = await sluice.items(run.id)
    began = [began - at for began, _ in rows]
    end = HELD.total_seconds()
    assert len({pid for _, pid in rows}) == 3
    # Said in what one of them, whose share is two, does within the time in which all know.
    assert sum(0 < one < end - 0.05 for one in began) <= FOLLOW * 2 / ITEM_SECONDS + 6
    assert any(one < 0 for one in began)
    assert sum(one > end - 0.05 for one in began) > 200  # and then they went on
    assert run.succeeded == 400
    assert {item.attempts for item in items} == {1}  # nothing of it was a failure
    assert_exact(run, items)


async def test_nothing_begins_between_the_answer_and_its_end_where_one_is_at_work_at_once(
    opener: Opener,
) -> None:
    """The permit of the item that was told goes to nobody before all know."""
    family = Limited(control=FlowControl(parallelism=1), tells=timedelta(seconds=1.5))
    async with opener(family) as sluice, sluice.worker(), sluice.worker():
        await sluice.add_users(30)
        run = await sluice.ended(await sluice.start())
        [item] = [one for one in await sluice.items(run.id) if one.postponements]
    (first, who), (second, _) = family.began[:2]
    assert second - first >= 1.5
    assert run.succeeded == 30
    assert (item.item_id, item.attempts, item.postponements) == (who, 1, 1)


async def test_many_who_are_told_the_same_do_not_add_up_and_the_later_end_wins(
    opener: Opener,
) -> None:
    async with opener(Limited(control=FlowControl(parallelism=2))) as sluice:
        one, other = told(sluice), told(sluice)  # as of two processes
        before, ten = await clock(sluice), timedelta(seconds=600)
        await asyncio.gather(*(each.hold(KEY, ten, WHY) for each in (one, other) * 50))
        until = await end(sluice)
        assert before + 600 <= until <= await clock(sluice) + 600
        await one.hold(KEY, timedelta(seconds=2), "sooner")
        assert await end(sluice) == until
        before = await clock(sluice)
        await other.hold(KEY, timedelta(seconds=1_200), "later")
        assert before + 1_200 <= await end(sluice) <= await clock(sluice) + 1_200
        [(since, reason)] = await sluice.sql(
            "SELECT until - since > interval '1200 s', reason FROM sluice.flow_hold"
        )
        assert (since, reason) == (True, "later")  # held on since the first of them


async def test_no_answer_holds_for_longer_than_an_hour_or_for_no_time_at_all(
    opener: Opener,
) -> None:
    async with opener(Limited(control=FlowControl(parallelism=2))) as sluice:
        before = await clock(sluice)
        await told(sluice).hold(KEY, timedelta(0), WHY)
        assert before + 1 <= await end(sluice) <= await clock(sluice) + 1
        before = await clock(sluice)
        await told(sluice).hold(KEY, timedelta(days=30), "x" * 10_000)
        assert before + 3_600 <= await end(sluice) <= await clock(sluice) + 3_600
        [[length]] = await sluice.sql("SELECT length(reason) FROM sluice.flow_hold")
        assert length < 600


async def test_whoever_shares_the_limit_is_held_and_others_go_on(opener: Opener) -> None:
    shared = FlowControl(parallelism=2, key="crm")
    teller = Limited(name="teller", control=shared)
    sharing = Limited(name="sharing", control=shared)
    # Of the name of the key, which is another thing.
    free = Limited(name="crm", control=FlowControl(parallelism=2))
    async with opener(teller, sharing, free) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(10)
        await told(sluice).hold("teller.execute", timedelta(hours=1), WHY)
        held = [await sluice.start("teller"), await sluice.start("sharing")]
        assert (await sluice.ended(await sluice.start("crm"))).succeeded == 10
        for run_id in held:
            async with asyncio.timeout(PATIENCE):
                while (await sluice.run(run_id)).scheduled < 10:
                    await asyncio.sleep(0.02)
        assert not teller.began
        assert not sharing.began
        assert (await caller.post("/api/flow-control/crm/lift")).status_code == 200
        for run_id in held:
            assert (await sluice.ended(run_id)).succeeded == 10


async def test_the_run_its_flow_key_and_a_preview_say_why_nothing_starts_and_until_when(
    opener: Opener,
) -> None:
    family = Limited(control=FlowControl(parallelism=2))
    other = Limited(name="other", control=FlowControl(parallelism=2))
    async with opener(family, other) as sluice, api(sluice) as client:
        [user] = await sluice.add_users(1)
        run_id, beside = await sluice.start("recording"), await sluice.start("other")
        await told(sluice).hold(KEY, timedelta(seconds=90), WHY)

        async def shown(path: str) -> Any:  # a JSON document
            answer = await client.get(path, headers=bearer(OPS))
            assert answer.status_code == 200, answer.text
            return answer.json()

        [[until]] = await sluice.sql("SELECT until FROM sluice.flow_hold")
        throttled = (await shown(f"/api/runs/{run_id}"))["run"]["throttled"]
        moment = until.isoformat().replace("+00:00", "Z")
        assert (throttled["reason"], throttled["until"]) == (WHY, moment)
        assert throttled["nextLook"] == moment
        assert (await shown(f"/api/runs/{beside}"))["run"]["throttled"] is None
        [hold] = (await shown(f"/api/flow-control/{KEY}"))["flowControl"]["throttled"]
        assert hold == {"key": KEY, "reason": WHY, "until": moment}
        # An item alone: the family's other layers go on.
        assert (await shown("/api/flow-control/recording.process"))["flowControl"][
            "throttled"
        ] == []
        with pytest.raises(Conflict, match=f"{KEY} is throttled.*{WHY}"):
            await sluice.service.api.previews.preview(
                sluice.bound("recording"), user, family.params()
            )
        await sluice.sql("UPDATE sluice.flow_hold SET until = now()")
        assert (await shown(f"/api/runs/{run_id}"))["run"]["throttled"] is None


class Posting(Stepped):
    """Posts, and is told by the other side when it may again."""

    def __init__(self, server: Server, *, hold: bool) -> None:
        async def post(item: str, ctx: Context) -> HttpResponse:
            return await ctx.call("post", "POST", f"{server.url}/posts", hold=hold)

        super().__init__(post)


async def test_a_call_that_is_told_when_to_come_again_holds_the_key_and_fails_nothing(
    opener: Opener, server: Server
) -> None:
    late = response(429, b"slow down", "x-ratelimit-reset-requests: 2s")
    server.answers = [late, response(201, b"{}")]
    family = Posting(server, hold=True)
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(5)
        run = await sluice.ended(await sluice.start())
        run_id = run.id
        items, steps = await sluice.items(run_id), await remembered(sluice, run_id)
        [[reason]] = await sluice.sql("SELECT reason FROM sluice.flow_hold")
    assert run.succeeded == 5
    assert {item.attempts for item in items} == {1}
    assert {(step.status, step.tries) for step in steps} == {("done", 1)}
    assert reason.endswith("answered 429.")


async def test_a_call_that_does_not_ask_for_it_puts_off_its_own_item_alone(
    opener: Opener, server: Server
) -> None:
    server.answers = [response(429, b"slow down", "Retry-After: 600"), response(201, b"{}")]
    async with opener(Posting(server, hold=False)) as sluice, sluice.worker():
        await sluice.add_users(1)
        run_id = await sluice.start()
        await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        await time_passes(sluice, timedelta(seconds=600))
        assert (await sluice.ended(run_id)).succeeded == 1
        assert await sluice.sql("SELECT 1 FROM sluice.flow_hold") == []
