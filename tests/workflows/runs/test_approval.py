"""A run that waits, once it has counted, until somebody approves it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.errors import BadInput, Conflict
from app.store.items.failures import RetrySelection
from app.store.tables.runs import Run
from app.workflows.contract.run_options import options_of
from app.workflows.family import Cost, FamilyParams, Flow, FlowControl
from tests.support.control import Asked, control, fail, kinds, paused, start
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.story import story


class Priced(Asked):
    flow = Flow(execute=FlowControl(parallelism=10, rate=10))

    def estimate_cost(self, params: FamilyParams) -> Cost:
        return Cost(usd=0.5, tokens=100)


class Demanding(Asked):
    approval = True


def asking(**asked: Any) -> Asked:  # as RunOptions takes them
    return Asked(lambda *_: None, approval=True, **asked)


async def waiting(sluice: Sluice, run_id: str) -> Run:
    run = await paused(sluice, run_id)
    assert (run.status, run.reason) == ("paused", "approval")
    return run


async def test_a_run_counts_and_waits_and_nothing_of_it_is_published_before(
    opener: Opener,
) -> None:
    family = asking()
    async with opener(family) as sluice:
        await sluice.add_users(120)
        run_id = await start(sluice, family)
        async with sluice.worker():
            await waiting(sluice, run_id)
            await asyncio.sleep(0.3)  # several passes of a watchdog that would repair
            await sluice.drained()
            assert (await sluice.items(run_id), family.executed) == ([], {})
            assert await control(sluice, "approve", run_id) == "running"
            run = await sluice.ended(run_id)
        assert (run.succeeded, run.reason) == (120, None)
        assert await kinds(sluice, run_id) == [
            "created", "begun", "paused:approval", "resumed", "ended:succeeded",
        ]  # fmt: skip
        assert (await story(sluice, run_id))[3].who == "ops"


async def test_the_question_tells_what_the_run_would_do_and_what_it_would_take(
    opener: Opener,
) -> None:
    family = Priced(lambda *_: None, approval=True)
    async with opener(family) as sluice:
        ids = await sluice.add_users(100)
        family.done = set(ids[:20])
        run_id = await start(sluice, family)
        async with sluice.worker():
            run = await waiting(sluice, run_id)
        assert run.detail == (
            "The run would process 80 of 100 users, in about 8 s, for about 40.00 USD, with about"
            " 8,000 tokens. Which users these are is read as it goes on. Approve it to let it"
            " go on, or cancel it."
        )
        data = (await story(sluice, run_id))[2].data
    assert data == {
        "totalEligible": 100,
        "toProcess": 80,
        "alreadyProcessed": 20,
        "toOverwrite": 0,
        "exact": True,
        "fixed": False,
        "estimate": run.estimate,
        "sample": ids[20:25],
    }


async def test_a_canary_waits_too_and_pauses_again_when_it_has_ended(opener: Opener) -> None:
    family = asking(canary=5)
    async with opener(family) as sluice:
        await sluice.add_users(60)
        run_id = await start(sluice, family)
        async with sluice.worker():
            run = await waiting(sluice, run_id)
            assert "60 of 60 users, 5 of them first" in str(run.detail)
            assert (run.stage, run.scheduled, run.ended) == ("canary", 5, 0)
            await control(sluice, "approve", run_id)
            async with asyncio.timeout(PATIENCE):
                while (run := await sluice.run(run_id)).reason != "canary":
                    await asyncio.sleep(0.02)
            assert (run.scheduled, run.succeeded) == (5, 5)
            with pytest.raises(Conflict, match="does not wait for an approval"):
                await sluice.service.api.control.approve(run_id, by="ops")
            await control(sluice, "resume", run_id)
            run = await sluice.ended(run_id)
        assert run.succeeded == 60
        assert_exact(run, await sluice.items(run_id))
    assert set(family.executed.values()) == {1}


async def test_a_cancel_while_it_waits_ends_it_with_nothing_done(opener: Opener) -> None:
    family = asking(canary=5)
    async with opener(family) as sluice:
        await sluice.add_users(60)
        run_id = await start(sluice, family)
        async with sluice.worker():
            await waiting(sluice, run_id)
            assert await control(sluice, "cancel", run_id) == "cancelled"
        run = await sluice.run(run_id)
        assert (run.cancelled, run.scheduled) == (5, 5)
        with pytest.raises(Conflict):
            await sluice.service.api.control.approve(run_id, by="ops")
    assert not family.executed


async def test_of_many_who_approve_at_once_one_does(opener: Opener) -> None:
    family = asking()
    async with opener(family) as sluice:
        await sluice.add_users(10)
        run_id = await start(sluice, family)
        async with sluice.worker():
            await waiting(sluice, run_id)
            answers = await asyncio.gather(
                *(sluice.service.api.control.approve(run_id, by=f"ops{n}") for n in range(4)),
                return_exceptions=True,
            )
            await sluice.ended(run_id)
        refused = [answer for answer in answers if isinstance(answer, Conflict)]
        assert len(refused) == 3
        assert {error.more["runStatus"] for error in refused} <= {"running", "succeeded"}
        assert (await kinds(sluice, run_id)).count("resumed") == 1


async def test_a_run_that_was_approved_by_a_service_that_died_is_set_going(opener: Opener) -> None:
    family = asking()
    async with opener(family, watchdog_seconds=0.1) as sluice:
        await sluice.add_users(10)
        run_id = await start(sluice, family)
        async with sluice.worker():
            await waiting(sluice, run_id)
        # The status was committed, and what it should have was not published any more.
        await sluice.sql(
            "UPDATE sluice.run SET status = 'running', active_since = now(), reason = NULL"
        )
        async with sluice.worker():
            run = await sluice.ended(run_id)
        assert run.succeeded == 10


async def test_a_run_that_has_nothing_to_do_ends_without_asking(opener: Opener) -> None:
    family = asking()
    async with opener(family) as sluice, sluice.worker():
        run = await sluice.ended(await start(sluice, family))
    assert (run.status, run.reason) == ("succeeded", "nothing_eligible")


async def test_an_operators_pause_before_it_has_counted_is_no_question(opener: Opener) -> None:
    family = asking()
    async with opener(family) as sluice:
        await sluice.add_users(5)
        run_id = await start(sluice, family)
        await control(sluice, "pause", run_id)
        with pytest.raises(Conflict):
            await sluice.service.api.control.approve(run_id, by="ops")
        await control(sluice, "resume", run_id)
        async with sluice.worker():
            await waiting(sluice, run_id)
            # It is paused already, and goes on asking.
            assert await control(sluice, "pause", run_id) == "paused"
            await waiting(sluice, run_id)


async def test_a_deadline_does_not_count_the_wait(opener: Opener) -> None:
    family = asking(deadline_seconds=600)
    async with opener(family, watchdog_seconds=0.1) as sluice:
        await sluice.add_users(5)
        run_id = await start(sluice, family)
        async with sluice.worker():
            await waiting(sluice, run_id)
            # An hour passes.
            await sluice.sql(
                "UPDATE sluice.run SET created_at = created_at - interval '1 hour',"
                " started_at = started_at - interval '1 hour',"
                " deadline_at = deadline_at - interval '1 hour'"
            )
            await asyncio.sleep(0.3)  # several passes of the watchdog
            run = await waiting(sluice, run_id)
            assert run.active_ms == 0
            await control(sluice, "approve", run_id)
            run = await sluice.ended(run_id)
    assert (run.status, run.succeeded) == ("succeeded", 5)
    assert run.finished_at is not None
    waited = run.finished_at - run.created_at - timedelta(milliseconds=run.active_ms)
    assert waited >= timedelta(hours=1)


async def test_a_run_that_waits_is_active(opener: Opener) -> None:
    family = asking()
    async with opener(family) as sluice:
        await sluice.add_users(5)
        run_id = await start(sluice, family)
        async with sluice.worker():
            await waiting(sluice, run_id)
            with pytest.raises(Conflict) as refused:
                await start(sluice, family)
    assert refused.value.more == {"activeRunId": run_id}


async def test_a_family_may_demand_it_of_every_run(opener: Opener) -> None:
    family = Demanding(fail)
    async with opener(family) as sluice:
        ids = await sluice.add_users(3)
        client, bound = sluice.service.client, sluice.bound()
        async with sluice.worker():
            run_id = await sluice.start()
            await waiting(sluice, run_id)
            await control(sluice, "approve", run_id)
            run = await sluice.ended(run_id)
            assert run.failed == 3
            retried = await client.retry(bound, run, RetrySelection(), started_by="ops", once=None)
            named = (await sluice.start(item_ids=ids[:2])) if await _over(sluice, retried) else ""
            await waiting(sluice, named)
            await control(sluice, "cancel", named)
            one = await client.trigger_execute(
                bound, ids[0], bound.family.params(), started_by="ops"
            )
            assert "1 of 1 users" in str((await waiting(sluice, one.run_id)).detail)
    with pytest.raises(BadInput, match="needs an approval") as refused:
        options_of(family, approval=False)
    assert refused.value.field == "approval"


async def _over(sluice: Sluice, started: Any) -> bool:
    await waiting(sluice, started.run_id)
    return await control(sluice, "cancel", started.run_id) == "cancelled"


def test_a_family_that_does_not_demand_it_may_be_asked_for_it_or_not() -> None:
    family = Asked(lambda *_: None)
    asked = [options_of(family, approval=value).approval for value in (None, False, True)]
    assert asked == [False, False, True]
