"""A sample ends when its time or its money does, and takes its turns as a run's items do."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta

from sqlalchemy import Select
from sqlmodel import select

from app.workflows.family import Context, FamilyParams, Flow, FlowControl, JobFamily, RetryAfter
from tests.api.admission.few_places import SlowlyFiltered
from tests.api.samples.sampled import SAMPLE, sampled
from tests.support.clocks.rates import assert_rate_kept
from tests.support.clocks.virtual_time import pass_by
from tests.support.control import until_some
from tests.support.families import AtOnce, Recording
from tests.support.held import Held
from tests.support.http import api, assert_problem, listening
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.support.users import User

LONG = 40
"""Seconds of a sample. They are over when the test says so."""


async def test_what_is_at_work_when_its_time_is_over_is_broken_off(opener: Opener) -> None:
    family = Held()
    family.flow = Flow(execute=FlowControl(parallelism=2))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(5)
        asked = asyncio.create_task(sampled(caller, seconds=LONG))
        await family.until_inside(2)
        pass_by(LONG)
        answer = await asked
    assert not family.inside
    assert (answer["chosen"], answer["begun"], answer["outcomes"]["unfinished"]) == (5, 2, 2)
    assert answer["stopped"] == "deadline"
    assert answer["message"].endswith("It stopped: The time of the sample is over.")
    assert LONG <= answer["seconds"] < LONG + PATIENCE


class Stubborn(Recording):
    """Does not end when it is told to."""

    def __init__(self) -> None:
        super().__init__(self._work)
        self.let_go = asyncio.Event()

    async def _work(self, item_id: str, ctx: Context) -> None:
        ctx.spend(tokens=1)
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                continue


async def test_code_that_does_not_end_holds_no_answer_up(opener: Opener) -> None:
    family = Stubborn()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(2)
        asked = asyncio.create_task(sampled(caller, seconds=LONG))
        await until_some(family, 2)
        pass_by(LONG)
        async with asyncio.timeout(PATIENCE):
            answer = await asked
        assert (answer["begun"], answer["outcomes"]["unfinished"]) == (2, 2)
        assert answer["stopped"] == "deadline"
        family.let_go.set()


class Plain(JobFamily[FamilyParams, str, str]):
    """Executes in a thread, which nobody can end."""

    name = "recording"
    entity = Recording.entity
    verb = "record"

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.begun: list[str] = []

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)

    def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        self.begun.append(entity)
        self.let_go.wait(PATIENCE)
        return entity


async def test_code_in_a_thread_holds_no_answer_up_either(opener: Opener) -> None:
    family = Plain()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        asked = asyncio.create_task(sampled(caller, seconds=LONG))
        async with asyncio.timeout(PATIENCE):
            while len(family.begun) < 2:
                await asyncio.sleep(0.01)
        pass_by(LONG)
        answer = await asked
        family.let_go.set()
        assert (answer["begun"], answer["outcomes"]["unfinished"]) == (2, 2)
        again = await sampled(caller)
    assert again["outcomes"]["succeeded"] == 3


async def test_when_its_budget_is_spent_nothing_else_begins(opener: Opener) -> None:
    family = Recording(work=lambda _, ctx: ctx.spend(usd=1, tokens=10))
    family.flow = Flow(execute=FlowControl(parallelism=1))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(20)
        answer = await sampled(caller, budget={"usd": 2.5})
        assert (answer["begun"], answer["spent"]) == (3, {"usd": 3, "tokens": 30})
        assert (answer["stopped"], answer["detail"]) == ("budget", "3 of 2.5 USD are spent.")
        answer = await sampled(caller, budget={"tokens": 20})
        assert (answer["begun"], answer["detail"]) == (2, "20 of 20 tokens are spent.")
        # What a run over all would cost is told all the same.
        assert answer["estimate"]["usd"] == 20


async def test_where_whoever_is_called_wants_no_call_it_waits_and_workers_are_not_told(
    opener: Opener,
) -> None:
    begun: list[float] = []

    def work(_item: str, _ctx: Context) -> None:
        begun.append(time.monotonic())
        if len(begun) == 1:
            raise RetryAfter(timedelta(seconds=0.5), "busy", hold=True)

    family = Recording(work)
    family.flow = Flow(execute=FlowControl(parallelism=1))  # type: ignore[misc]  # for this test
    async with opener(family, pool_size=10) as sluice, api(sluice) as caller:
        await sluice.add_users(5)
        answer = await sampled(caller)
        held = await sluice.sql("SELECT * FROM sluice.flow_hold")
    assert (answer["outcomes"]["succeeded"], answer["outcomes"]["postponed"]) == (4, 1)
    assert begun[1] - begun[0] >= 0.5
    assert held == []


async def test_where_its_time_does_not_suffice_for_that_it_ends(opener: Opener) -> None:
    def work(_item: str, _ctx: Context) -> None:
        raise RetryAfter(timedelta(minutes=10), "busy", hold=True)

    family = Recording(work)
    family.flow = Flow(execute=FlowControl(parallelism=1))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(5)
        answer = await sampled(caller, seconds=200)
    assert (answer["begun"], answer["stopped"]) == (1, "refused")
    assert answer["detail"].startswith("RetryAfter: busy")
    assert answer["seconds"] < PATIENCE


async def test_when_none_is_to_begin_nobody_waits_for_a_turn(opener: Opener) -> None:
    family = Recording(work=lambda _, ctx: ctx.spend(usd=1))
    slow = FlowControl(rate=1, period=timedelta(minutes=5))
    family.flow = Flow(execute=slow)  # type: ignore[misc]  # for this test
    async with opener(family, pool_size=10) as sluice, api(sluice) as caller:
        await sluice.add_users(5)
        answer = await sampled(caller, budget={"usd": 1}, seconds=200)
    assert (answer["begun"], answer["stopped"]) == (1, "budget")
    assert answer["seconds"] < PATIENCE


async def test_of_a_paused_key_none_begins(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        await caller.post("/api/flow-control/recording.execute/pause")
        document = assert_problem(await caller.post(SAMPLE, json={}), 409)
        assert "is paused" in document["detail"]
    assert not family.executed


async def test_a_key_that_is_paused_meanwhile_ends_it_with_what_it_has(opener: Opener) -> None:
    family = Held()
    family.flow = Flow(execute=FlowControl(parallelism=1))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        asked = asyncio.create_task(sampled(caller, seconds=LONG))
        await family.until_inside(1)
        await caller.post("/api/flow-control/recording.execute/pause")
        family.let_go.set()
        while family.inside:
            await asyncio.sleep(0)
        for _ in range(100):  # until its outcome is known, for which it waits for nobody
            await asyncio.sleep(0)
        pass_by(LONG)
        answer = await asked
    assert (answer["begun"], answer["outcomes"]["succeeded"]) == (1, 1)
    assert answer["stopped"] in ("refused", "deadline")


async def test_beside_a_worker_no_more_are_at_work_than_the_family_allows(opener: Opener) -> None:
    family = AtOnce()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(60)
        run_id = await sluice.start()
        async with sluice.worker():
            answer = await sampled(caller, force=True)
            run = await sluice.ended(run_id)
    assert (answer["outcomes"]["succeeded"], run.succeeded, family.previewed) == (50, 60, 50)
    assert family.most == 3


async def test_by_itself_it_goes_side_by_side_up_to_the_limit(opener: Opener) -> None:
    family = AtOnce()
    async with opener(family, pool_size=10) as sluice, api(sluice) as caller:
        await sluice.add_users(30)
        await sampled(caller)
    assert family.most == 3


async def test_a_rate_holds_by_when_its_items_begin(opener: Opener) -> None:
    begun: list[float] = []
    family = Recording(work=lambda *_: begun.append(time.monotonic()))
    slow = FlowControl(rate=10, period=timedelta(seconds=1))
    family.flow = Flow(execute=slow)  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(25)
        since = time.monotonic()
        answer = await sampled(caller)
    assert answer["begun"] == len(begun) == 25
    assert_rate_kept(begun, since, 1 / 10)


async def test_items_that_hold_a_connection_each_do_not_fail_for_want_of_one(
    opener: Opener,
) -> None:
    async def work(item_id: str, ctx: Context) -> None:
        async with ctx.session() as session:
            await session.connection()
            await asyncio.sleep(0.05)

    async with opener(Recording(work), pool_size=3) as sluice, api(sluice) as caller:
        await sluice.add_users(20)
        answers = await asyncio.gather(sampled(caller), sampled(caller))
    assert [answer["outcomes"]["succeeded"] for answer in answers] == [20, 20]


async def test_a_caller_who_leaves_ends_it(opener: Opener) -> None:
    family = Held()
    family.flow = Flow(execute=FlowControl(parallelism=2))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, listening(sluice) as caller:
        await sluice.add_users(10)
        asked = asyncio.create_task(caller.post(SAMPLE, json={}))
        await family.until_inside(2)
        asked.cancel()
        async with asyncio.timeout(PATIENCE):
            while family.inside:
                await asyncio.sleep(0.005)
        family.let_go.set()
        # Its slots are free, and nobody else of it has begun.
        assert family.executed.total() == 2
        assert (await sampled(caller, size=3))["outcomes"]["succeeded"] == 3
        assert family.executed.total() == 5


async def test_what_cannot_be_counted_in_time_is_told_so(opener: Opener) -> None:
    async with opener(SlowlyFiltered()) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        document = assert_problem(await caller.post(SAMPLE, json={"seconds": 1}), 422)
    assert document["errors"] == [
        {
            "field": "seconds",
            "message": "The users could not be counted within 1 s. Give the sample more seconds.",
        }
    ]
