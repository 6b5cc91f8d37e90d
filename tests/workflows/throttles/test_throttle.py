"""While a family's check says no nothing new of it starts, and it goes on by itself."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from app.errors import Conflict
from app.flow.limits import FlowControl
from app.store.statuses import EventKind, RunStatus
from app.workflows.family import Context
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact
from tests.support.story import kinds, story
from tests.workflows.throttles.throttled_family import Throttled, holds_of, say, until_held

WHY = "replicas lag 45 s"
TOLD = {EventKind.THROTTLED, EventKind.THROTTLE_OVER}


async def test_nothing_starts_while_the_check_says_no_and_it_goes_on_by_itself(
    opener: Opener,
) -> None:
    family = Throttled(control=FlowControl(parallelism=5), item_seconds=0.02)
    async with opener(family, watchdog_seconds=0.2) as sluice, AsyncExitStack() as workers:
        await sluice.add_users(300)
        for _ in range(2):
            await workers.enter_async_context(sluice.worker())
        run_id = await sluice.start()
        await family.until_begun(30)
        await say(sluice, WHY)
        await until_held(sluice, "recording")
        held = len(family.began)
        await family.until_looked(3)
        # What has its permit already begins, five on each worker at most; nothing else does.
        assert len(family.began) <= held + 5
        assert await holds_of(sluice) == [("recording", WHY)]
        assert (await sluice.run(run_id)).status == RunStatus.RUNNING
        assert [one.detail for one in await story(sluice, run_id) if one.kind in TOLD] == [WHY]
        await say(sluice, None)
        run = await sluice.ended(run_id)
        assert run.status == RunStatus.SUCCEEDED
        assert run.succeeded == 300
        assert set(family.executed.values()) == {1}
        assert_exact(run, await sluice.items(run_id))
        told = [kind for kind in await kinds(sluice, run_id) if kind in TOLD]
        assert told == [EventKind.THROTTLED, EventKind.THROTTLE_OVER]
        assert await holds_of(sluice) == []


async def test_a_run_that_is_started_while_the_check_says_no_begins_with_nothing(
    opener: Opener,
) -> None:
    """Nobody had looked before: layer 1 waits for the first look."""
    family = Throttled()
    async with opener(family, watchdog_seconds=0.2) as sluice, sluice.worker():
        await sluice.add_users(5)
        await say(sluice, WHY)
        run_id = await sluice.start()
        await family.until_looked(3)
        run = await sluice.run(run_id)
        assert (run.status, run.total_eligible, run.scheduled) == (RunStatus.PENDING, None, 0)
        assert family.asked == []
        assert [one.kind for one in await story(sluice, run_id)] == ["created", "throttled"]
        await say(sluice, None)
        assert (await sluice.ended(run_id)).succeeded == 5


async def test_a_single_item_waits_as_well(opener: Opener) -> None:
    family = Throttled()
    async with opener(family, watchdog_seconds=0.2) as sluice, sluice.worker():
        [user] = await sluice.add_users(1)
        await say(sluice, WHY)
        started = await sluice.service.client.trigger_execute(
            sluice.bound(), user, family.params(), started_by="test"
        )
        await family.until_looked(3)
        assert not family.executed
        await say(sluice, None)
        assert (await sluice.ended(started.run_id)).succeeded == 1


async def test_what_waits_in_hand_for_its_turn_goes_back_to_the_queue(opener: Opener) -> None:
    """Else it would take the places of other families' items."""
    let_go = asyncio.Event()

    async def wait(_item: str, _ctx: Context) -> None:
        await let_go.wait()

    family = Throttled(wait, control=FlowControl(parallelism=1))
    other = Recording()
    other.name = "other"  # type: ignore[misc]  # a class's, and here of one object
    async with (
        opener(family, other, watchdog_seconds=0.2, worker_concurrency=5) as sluice,
        sluice.worker(),
    ):
        await sluice.add_users(20)
        run_id = await sluice.start("recording")
        await family.until_begun(1)
        await say(sluice, WHY)
        await until_held(sluice, "recording")
        beside = await sluice.ended(await sluice.start("other"))
        assert beside.succeeded == 20
        assert len(family.began) == 1
        let_go.set()  # it is at work, and goes on
        async with asyncio.timeout(PATIENCE):
            while (await sluice.run(run_id)).succeeded < 1:
                await asyncio.sleep(0.01)
        assert len(family.began) == 1
        assert await sluice.sql("SELECT 1 FROM sluice.message WHERE worker IS NOT NULL") == []
        await say(sluice, None)
        run = await sluice.ended(run_id)
        assert run.succeeded == 20
        assert_exact(run, await sluice.items(run_id))


@pytest.mark.parametrize("control", [FlowControl(), FlowControl(parallelism=3, key="shared")])
async def test_another_family_goes_on_though_they_share_a_limit(
    opener: Opener, control: FlowControl
) -> None:
    held = Throttled(name="held", control=control)
    free = Throttled(name="free", control=control)
    async with opener(held, free, watchdog_seconds=0.2) as sluice, sluice.worker():
        await sluice.add_users(40)
        await say(sluice, WHY, of="held")
        waits = await sluice.start("held")
        await held.until_looked(2)
        assert (await sluice.ended(await sluice.start("free"))).succeeded == 40
        assert not held.began
        await say(sluice, None, of="held")
        assert (await sluice.ended(waits)).succeeded == 40


async def test_an_operators_pause_and_a_throttle_know_nothing_of_each_other(
    opener: Opener,
) -> None:
    family = Throttled(control=FlowControl(parallelism=4))
    async with opener(family, watchdog_seconds=0.2) as sluice, sluice.worker():
        flow = sluice.service.api.flow
        await sluice.add_users(10)
        await say(sluice, WHY)
        run_id = await sluice.start()
        await until_held(sluice, "recording")
        await flow.pause("recording.execute", paused=True, by="ops")
        await say(sluice, None)
        await until_held(sluice, "recording", held=False)
        await family.until_looked(2)
        assert (await flow.state("recording.execute")).live.paused
        assert not family.began  # the pause has outlived the throttle
        await say(sluice, WHY)
        await until_held(sluice, "recording")
        await flow.pause("recording.execute", paused=False, by="ops")
        await family.until_looked(2)
        assert await holds_of(sluice) == [("recording", WHY)]
        assert not family.began  # and the other way round
        await say(sluice, None)
        assert (await sluice.ended(run_id)).succeeded == 10


async def test_a_preview_is_refused_while_it_is_held(opener: Opener) -> None:
    family = Throttled()
    async with opener(family, watchdog_seconds=0.2) as sluice, sluice.worker():
        [user] = await sluice.add_users(1)
        await say(sluice, WHY)
        await sluice.start()
        await until_held(sluice, "recording")
        with pytest.raises(Conflict, match=f"recording is throttled.*{WHY}"):
            await sluice.service.api.previews.preview(sluice.bound(), user, family.params())


async def test_only_families_are_asked_for_that_have_a_run_which_has_not_ended(
    opener: Opener,
) -> None:
    family, idle = Throttled(), Throttled(name="idle")
    async with opener(family, idle, watchdog_seconds=0.2) as sluice:
        looks = sluice.service.throttles
        await sluice.add_users(3)
        run_id = await sluice.start("recording")
        assert await looks.due() == ["recording"]
        async with sluice.worker():
            await sluice.ended(run_id)
        await sluice.sql("UPDATE sluice.throttle_look SET look_at = now() - interval '1 s'")
        assert await looks.due() == []
        assert family.looks
        assert not idle.looks


async def test_a_look_that_somebody_else_has_made_meanwhile_is_not_made_again(
    opener: Opener,
) -> None:
    family = Throttled()
    async with opener(family) as sluice:
        looks = sluice.service.throttles
        known = looks.looked["recording"]
        together = (looks.look("recording", known=known) for _ in range(3))
        await asyncio.gather(*together)
        await looks.look("recording", known=known)
        assert len(family.looks) == 1
        await looks.look("recording", known=looks.looked["recording"])
        assert len(family.looks) == 2


async def test_a_hold_that_nobody_renews_ends_and_the_next_start_asks_first(
    opener: Opener,
) -> None:
    family = Throttled()
    async with opener(family) as sluice:
        await sluice.add_users(3)
        await say(sluice, WHY)
        run_id = await sluice.start()
        looks = sluice.service.throttles
        await looks.look("recording")
        asked = len(family.looks)
        # As if all workers had died, and time had passed.
        await sluice.sql("UPDATE sluice.flow_hold SET until = now() - interval '1 s'")
        await sluice.sql("UPDATE sluice.throttle_look SET good_until = now() - interval '1 s'")
        await sluice.service.controls.refresh()
        assert sluice.service.controls.holds.of("recording.execute") is None
        looks._good_until.clear()
        async with sluice.worker():
            await until_held(sluice, "recording")
            assert len(family.looks) > asked
            assert not family.began
            await say(sluice, None)
            assert (await sluice.ended(run_id)).succeeded == 3


async def test_a_family_whose_code_has_no_throttle_any_more_is_held_by_none(
    opener: Opener,
) -> None:
    """Nobody would look again, and its run would not say why it stands."""
    async with opener(Recording(), Throttled(name="other")) as sluice:
        await sluice.sql(
            "INSERT INTO sluice.flow_hold (key, cause, reason, since, again_at, until) VALUES"
            " ('recording', 'throttle', 'of former code', now(), now() + interval '1 hour',"
            " now() + interval '1 hour')"
        )
        await sluice.service.controls.refresh()
        run = await sluice.played(5, family="recording")
        assert run.succeeded == 5
