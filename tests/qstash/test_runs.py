"""What a run and its items may do on Postgres they may do when QStash calls."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from structlog.typing import EventDict

from app.qstash_dev.delivery.faults import Faults
from app.workflows.family import (
    Backoff,
    Context,
    Fatal,
    Flow,
    FlowControl,
    RetryAfter,
    Skip,
)  # fmt: skip
from tests.qstash.called_service import CalledService, called_service
from tests.support.control import Asked, control, fail, kinds, paused, start
from tests.support.families import Beside, Recording
from tests.support.held import Held
from tests.support.http import OPS, bearer
from tests.support.service import Opener, assert_exact
from tests.support.stepped import Calls, Stepped


class Child(Recording):
    name = "child"


async def assert_whole(called: CalledService, run_id: str) -> None:
    """The counters are the rows', nothing is left over, and QStash gave nothing up."""
    await called.sluice.drained()
    await called.qstash.settled()
    run = await called.sluice.run(run_id)
    assert_exact(run, await called.sluice.items(run_id))
    assert not called.qstash.parts.dead_letters
    assert {call.status for call in called.seen} <= {200}


async def test_what_takes_deliveries_is_logged_as_what_it_is(
    opener: Opener, logged: list[EventDict]
) -> None:
    async with called_service(opener, Recording()):
        pass
    told = [line["event"] for line in logged if line["event"].endswith(("started", "stopped"))]
    assert told == ["receiver_started", "receiver_stopped"]


async def test_attempts_and_their_pauses_are_the_familys_own(opener: Opener) -> None:
    class Patient(Recording):
        attempts = 5  # more than QStash would ever make
        backoff = Backoff(initial=timedelta(milliseconds=10), longest=timedelta(milliseconds=20))

    def work(item_id: str, ctx: Context) -> None:
        if item_id == "u00001":
            raise ConnectionError("never")
        if item_id == "u00002" and ctx.attempt < 4:
            raise ConnectionError("not yet")
        if item_id == "u00003":
            raise Fatal("this one never works")
        if item_id == "u00004":
            raise Skip("nothing to do")

    async with called_service(opener, family := Patient(work)) as called:
        await called.sluice.add_users(5)
        run = await called.sluice.ended(await called.sluice.start())
        rows = {
            row.item_id: (row.status, row.attempts) for row in await called.sluice.items(run.id)
        }
        await assert_whole(called, run.id)
    assert rows == {
        "u00001": ("failed", 5), "u00002": ("succeeded", 4), "u00003": ("failed", 1),
        "u00004": ("skipped", 1), "u00005": ("succeeded", 1),
    }  # fmt: skip
    assert family.executed["u00001"] == 5


async def test_a_start_may_wait_for_its_numbers(opener: Opener) -> None:
    async with called_service(opener, Recording()) as called:
        await called.sluice.add_users(7)
        path = "/api/workflows/recording/process-users?wait=30"
        answer = (await called.client.post(path, headers=bearer(OPS))).json()
        assert (answer["totalEligible"], answer["toProcess"]) == (7, 7)
        assert answer["message"] == "Triggered pagination for 7 users"
        await called.sluice.ended(answer["runId"])
        await assert_whole(called, answer["runId"])


async def test_who_asks_to_be_called_later_is(opener: Opener) -> None:
    began: list[float] = []

    def work(item_id: str, ctx: Context) -> None:
        began.append(time.monotonic())
        if len(began) == 1:
            raise RetryAfter(timedelta(seconds=2))

    async with called_service(opener, Recording(work)) as called:
        await called.sluice.add_users(1)
        run = await called.sluice.ended(await called.sluice.start())
        [row] = await called.sluice.items(run.id)
        assert (row.status, row.attempts, row.postponements) == ("succeeded", 1, 1)
        await assert_whole(called, run.id)
    assert 2 <= began[1] - began[0] < 20


async def test_an_item_sleeps_asks_and_has_a_child_and_does_each_step_once(opener: Opener) -> None:
    calls = Calls()

    async def script(item: str, ctx: Context) -> object:
        await ctx.run("before", calls.note, "before")
        await ctx.sleep("nap", timedelta(seconds=1))
        child = await ctx.child("child", "child", item)
        answer = await ctx.suspend("decide", {"item": item})
        await ctx.run("after", calls.note, "after")
        return child, answer

    async with called_service(opener, family := Stepped(script), Child()) as called:
        await called.sluice.add_users(2)
        run_id = await called.sluice.start("stepped")
        for item in ("u00001", "u00002"):
            path = f"/api/runs/{run_id}/items/{item}/resume"
            while True:  # until it asks
                body = {"data": f"yes to {item}"}
                answer = await called.client.post(path, json=body, headers=bearer(OPS))
                if answer.status_code == 200:
                    break
                assert answer.status_code in (404, 409), answer.text
                await asyncio.sleep(0.05)
        run = await called.sluice.ended(run_id)
        assert (run.status, run.succeeded) == ("succeeded", 2)
        await assert_whole(called, run_id)
    assert calls.of == {"before": 2, "after": 2}
    assert family.results["u00001"] == ("result of u00001", "yes to u00001")


async def test_a_run_is_paused_resumed_and_cancelled(opener: Opener) -> None:
    class Narrow(Held):
        flow = Flow(execute=FlowControl(parallelism=3))

    family = Narrow()
    async with called_service(opener, family) as called:
        # More than three at a time can do in the half second in which a pause comes through.
        await called.sluice.add_users(1_000)
        run_id = await called.sluice.start()
        await family.until_inside(3)
        await control(called.sluice, "pause", run_id)
        family.let_go.set()
        run = await paused(called.sluice, run_id)
        assert 3 <= run.succeeded < 900
        family.let_go.clear()
        await control(called.sluice, "resume", run_id)
        await family.until_inside(3)
        await control(called.sluice, "cancel", run_id)
        family.let_go.set()
        run = await called.sluice.ended(run_id)
        assert run.status == "cancelled"
        assert run.succeeded == sum(family.saved.values())
        await assert_whole(called, run_id)
    assert set(family.executed.values()) == {1}


async def test_a_run_waits_for_an_approval_and_behind_its_canary(opener: Opener) -> None:
    family = Asked(lambda *_: None, canary=20, approval=True)
    async with called_service(opener, family) as called:
        await called.sluice.add_users(200)
        run_id = await start(called.sluice, family)
        assert (await paused(called.sluice, run_id)).reason == "approval"
        await control(called.sluice, "approve", run_id)
        run = await paused(called.sluice, run_id)
        assert (run.reason, run.succeeded) == ("canary", 20)
        await control(called.sluice, "resume", run_id)
        assert (await called.sluice.ended(run_id)).succeeded == 200
        assert await kinds(called.sluice, run_id) == [
            "created", "begun", "paused:approval", "resumed", "paused:canary", "resumed",
            "ended:succeeded",
        ]  # fmt: skip
        await assert_whole(called, run_id)


async def test_a_ramp_bounds_a_run_beside_the_limits_of_its_flow_key(opener: Opener) -> None:
    """Of a run's own share QStash knows nothing."""
    inside: set[str] = set()
    begun: list[tuple[float, int]] = []

    async def work(item_id: str, ctx: Context) -> None:
        inside.add(item_id)
        begun.append((time.monotonic(), len(inside)))
        await asyncio.sleep(0.05)
        inside.remove(item_id)

    class Eight(Asked):
        flow = Flow(execute=FlowControl(parallelism=8))

    family = Eight(work, ramp={"start": 1, "factor": 2, "everySeconds": 1})
    async with called_service(opener, family) as called:
        await called.sluice.add_users(80)
        began = time.monotonic()
        run = await called.sluice.ended(await start(called.sluice, family))
        assert run.succeeded == 80
        await assert_whole(called, run.id)
    for at, now in begun:
        assert now <= (1, 2, 4, 8)[min(3, int(at - began))]


async def test_a_run_pauses_by_itself_when_its_budget_is_spent_or_too_much_fails(
    opener: Opener,
) -> None:
    def spend(item_id: str, ctx: Context) -> None:
        ctx.spend(usd=1.0)

    class Few(Asked):
        flow = Flow(execute=FlowControl(parallelism=2))

    class Failing(Beside):
        name = "failing"
        attempts = 1
        min_items = 10
        flow = Flow(execute=FlowControl(parallelism=2))

    async with called_service(
        opener, family := Few(spend, budget={"usd": 5}), Failing(fail)
    ) as called:
        await called.sluice.add_users(60)
        spent = await paused(called.sluice, await start(called.sluice, family))
        assert spent.reason == "budget"
        assert 5 <= spent.succeeded < 60
        failed = await paused(called.sluice, await called.sluice.start("failing"))
        assert failed.reason == "failure_rate"
        assert failed.failed < 60


async def test_qstash_holds_the_limits_of_a_flow_key(opener: Opener) -> None:
    most = 0
    inside = 0

    async def work(item_id: str, ctx: Context) -> None:
        nonlocal most, inside
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        inside -= 1

    class Narrow(Recording):
        flow = Flow(execute=FlowControl(parallelism=3), paginate=FlowControl(rate=50))
        page_size = 10

    async with called_service(opener, Narrow(work)) as called:
        await called.sluice.add_users(60)
        run = await called.sluice.ended(await called.sluice.start())
        assert run.succeeded == 60
        await assert_whole(called, run.id)
        # A page for each delivery, for these are what QStash counts.
        pages = [call for call in called.seen if call.path.endswith("/paginate-users")]
        assert len(pages) >= 6
    assert most == 3


async def test_an_item_that_takes_longer_than_its_family_says_is_timed_out(opener: Opener) -> None:
    class Hurried(Held):
        timeout = timedelta(seconds=0.3)
        attempts = 1

    async with called_service(opener, Hurried()) as called:
        await called.sluice.add_users(1)
        run = await called.sluice.ended(await called.sluice.start())
        assert run.timed_out == 1
        await assert_whole(called, run.id)


async def test_whatever_the_deliveries_do_each_item_has_one_outcome(opener: Opener) -> None:
    faults = Faults(
        seed=7, repeat=0.2, lose_answer=0.15, delay=0.3, reorder=0.3, refuse_in_batch=0.2,
        lose_acknowledgement=0.1, longest=0.05,
    )  # fmt: skip

    def work(item_id: str, ctx: Context) -> None:
        if item_id.endswith("3") and ctx.attempt == 1:
            raise ConnectionError("not at once")
        if item_id.endswith("77"):
            raise Fatal("never")

    async with called_service(opener, family := Recording(work), faults=faults, speed=20) as called:
        await called.sluice.add_users(300)
        run_id = await called.sluice.start()
        while (await called.sluice.run(run_id)).finished_at is None:
            await called.due_for_sending()
            await called.tick()
            await asyncio.sleep(0.05)
        run = await called.sluice.run(run_id)
        assert_exact(run, await called.sluice.items(run_id))
        assert (run.succeeded, run.failed) == (297, 3)
        ends = [kind for kind in await kinds(called.sluice, run_id) if kind.startswith("ended")]
        assert len(ends) == 1
    assert {"repeat", "lose_answer", "refuse_in_batch"} <= faults.counted.keys()
    assert set(family.saved) == {f"u{n:05}" for n in range(1, 301) if n % 100 != 77}
