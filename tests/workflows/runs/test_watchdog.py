"""What a queue has lost, and what nobody noticed, is put right; what is only slow is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.flow.limits import FlowControl
from app.store.runs import transitions
from app.store.statuses import EventKind, PauseReason, RunStatus
from app.store.tables.runs import Run, RunEvent
from app.workflows.contract.cron import Overlap
from app.workflows.family import Context, FamilyParams, Flow, RetryAfter
from tests.support.families import Recording
from tests.support.held import Held
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.story import assert_legal, kinds, story

SOON = 0.2
"""Seconds between two passes of the watchdog."""


class InLine(Held):
    """One run after another."""

    overlap = Overlap.QUEUE


async def until(sluice: Sluice, run_id: str, column: str) -> Run:
    """The run once this column of it is true."""
    async with asyncio.timeout(PATIENCE):
        while not getattr(run := await sluice.run(run_id), column):
            await asyncio.sleep(0.01)
    return run


async def repaired(sluice: Sluice, run_id: str) -> list[RunEvent]:
    """Wait until the run is repaired. Returns the events of it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            told = [e for e in await story(sluice, run_id) if e.kind == EventKind.REPAIRED]
            if told:
                return told
            await asyncio.sleep(0.02)


async def assert_put_right(sluice: Sluice, family: Recording, run: Run, users: int) -> None:
    """The run has ended, every item has one outcome, and the repair is written down."""
    rows, told = await sluice.items(run.id), await story(sluice, run.id)
    assert run.status == "succeeded"
    assert len(rows) == run.succeeded == users
    assert len(family.executed) == len(family.saved) == users
    assert_exact(run, rows)
    assert_legal(run, told)
    assert EventKind.REPAIRED in [event.kind for event in told]


async def test_a_run_whose_queue_was_emptied_in_the_middle_still_ends(opener: Opener) -> None:
    family = Held()
    async with opener(family, watchdog_seconds=SOON, look_ahead=30) as sluice:
        await sluice.add_users(100)
        run_id = await sluice.start()
        async with sluice.worker():
            await family.until_inside(30)
            await sluice.sql("TRUNCATE sluice.message")
            await repaired(sluice, run_id)
            family.let_go.set()
            run = await sluice.ended(run_id)
        await assert_put_right(sluice, family, run, 100)


async def test_a_run_whose_process_message_was_lost_begins(opener: Opener) -> None:
    family = Recording()
    async with opener(family, watchdog_seconds=SOON) as sluice:
        await sluice.add_users(30)
        run_id = await sluice.start()
        await sluice.sql("TRUNCATE sluice.message")
        async with sluice.worker():
            run = await sluice.ended(run_id)
        await assert_put_right(sluice, family, run, 30)


@pytest.mark.parametrize("paged", [False, True])
async def test_a_run_goes_on_that_was_resumed_by_a_process_that_died_before_it_published(
    opener: Opener, paged: bool
) -> None:
    """Either a page and items are missing, or items alone."""
    family = Held()
    async with opener(
        family, watchdog_seconds=SOON, look_ahead=20, worker_concurrency=5, stop_timeout=0.1
    ) as sluice:
        users = 15 if paged else 60
        await sluice.add_users(users)
        run_id = await sluice.start()
        async with sluice.worker():
            await until(sluice, run_id, "paged" if paged else "held")
            await sluice.service.api.control.pause(run_id, by="test")
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while await sluice.queued():  # until everything is parked
                    await asyncio.sleep(0.01)
            async with sluice.service.database.begin() as tx:
                assert await transitions.resume(tx, run_id, who="test")
            await repaired(sluice, run_id)
            family.let_go.set()
            run = await sluice.ended(run_id)
        await assert_put_right(sluice, family, run, users)


async def test_counters_that_say_something_else_than_the_rows_are_put_right(
    opener: Opener,
) -> None:
    family = Held()
    async with opener(family, watchdog_seconds=SOON) as sluice:
        await sluice.add_users(25)
        run_id = await sluice.start()
        async with sluice.worker():
            await family.until_inside(25)
            await sluice.sql(
                "UPDATE sluice.run SET scheduled = scheduled + 7, failed = 3, skipped = 1"
            )
            [repair] = await repaired(sluice, run_id)
            family.let_go.set()
            run = await sluice.ended(run_id)
        await assert_put_right(sluice, family, run, 25)
        assert repair.data == {"messages": 0, "counters": True}


async def test_a_run_that_is_held_back_although_there_is_room_goes_on(opener: Opener) -> None:
    family = Held()
    async with opener(family, watchdog_seconds=SOON, look_ahead=10, stop_timeout=0.1) as sluice:
        await sluice.add_users(40)
        run_id = await sluice.start()
        async with sluice.worker():
            await until(sluice, run_id, "held")
        # What was outstanding is counted, and nobody published the next page.
        await sluice.sql("UPDATE sluice.item SET status = 'skipped', finished_at = now()")
        await sluice.sql("UPDATE sluice.run SET skipped = scheduled")
        await sluice.sql("TRUNCATE sluice.message")
        family.executed.clear()
        family.let_go.set()
        async with sluice.worker():
            run = await sluice.ended(run_id)
        assert (run.status, run.skipped, run.succeeded) == ("succeeded", 10, 30)
        assert len(family.executed) == 30
        assert "repaired" in await kinds(sluice, run_id)


def come_tomorrow(item_id: str, ctx: Context) -> None:
    raise RetryAfter(timedelta(days=1))


async def all_put_off(sluice: Sluice, run_id: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not (rows := await sluice.items(run_id)) or not all(r.postponements for r in rows):
            await asyncio.sleep(0.01)


async def test_a_cancelled_run_that_nobody_has_in_hand_ends_without_any_worker(
    opener: Opener,
) -> None:
    async with opener(Recording(come_tomorrow)) as sluice:
        await sluice.add_users(8)
        run_id = await sluice.start()
        async with sluice.worker():
            await all_put_off(sluice, run_id)
        run = await sluice.service.api.control.cancel(run_id, by="test")
        rows, told = await sluice.items(run_id), await story(sluice, run_id)
        assert (run.status, run.cancelled) == ("cancelled", 8)
        await sluice.let_all_come()
        assert await sluice.items(run_id) == rows
    assert_exact(run, rows)
    assert_legal(run, told)


async def test_a_run_ends_whose_cancel_was_cut_off_before_it_swept(opener: Opener) -> None:
    async with opener(Recording(come_tomorrow), watchdog_seconds=SOON) as sluice:
        await sluice.add_users(8)
        run_id = await sluice.start()
        async with sluice.worker():
            await all_put_off(sluice, run_id)
            async with sluice.service.database.begin() as tx:
                assert await transitions.cancel(tx, run_id, who="test")
            run = await sluice.ended(run_id)
        rows, told = await sluice.items(run_id), await story(sluice, run_id)
        assert (run.status, run.cancelled) == ("cancelled", 8)
        await sluice.let_all_come()
        assert await sluice.items(run_id) == rows
    assert_exact(run, rows)
    assert_legal(run, told)


async def test_a_waiting_run_begins_when_nobody_noticed_that_the_one_before_it_ended(
    opener: Opener,
) -> None:
    family = InLine()
    family.let_go.set()
    async with opener(family, watchdog_seconds=SOON) as sluice:
        await sluice.add_users(5)
        first, second = await sluice.start(), await sluice.start()
        assert (await sluice.run(second)).stage == "waiting"
        await sluice.sql(
            "UPDATE sluice.run SET status = 'cancelled', finished_at = now() WHERE id = :id",
            id=first,
        )
        async with sluice.worker():
            run = await sluice.ended(second)
    assert (run.status, run.succeeded) == ("succeeded", 5)


async def test_a_run_over_its_deadline_pauses_and_a_resume_gives_the_time_again(
    opener: Opener,
) -> None:
    class Hurried(Held):
        deadline = timedelta(hours=1)

    family = Hurried()
    async with opener(family, watchdog_seconds=SOON) as sluice:
        await sluice.add_users(6)
        run_id = await sluice.start()
        async with sluice.worker():
            await family.until_inside(6)
            await sluice.sql(  # an hour passes
                "UPDATE sluice.run SET active_since = active_since - interval '1 hour',"
                " deadline_at = deadline_at - interval '1 hour'"
            )
            async with asyncio.timeout(PATIENCE):
                while (run := await sluice.run(run_id)).status != RunStatus.PAUSED:
                    await asyncio.sleep(0.02)
            assert run.reason == PauseReason.DEADLINE
            assert run.deadline_at is not None
            assert run.active_ms >= 3_600_000
            again = await sluice.service.api.control.resume(run_id, by="test")
            assert again.deadline_at is not None
            assert again.active_since is not None
            assert again.deadline_at - again.active_since == Hurried.deadline
            family.let_go.set()
            run = await sluice.ended(run_id)
        told = await story(sluice, run_id)
    assert (run.status, run.succeeded) == ("succeeded", 6)
    assert_legal(run, told)
    assert [e.kind for e in told] == ["created", "begun", "paused", "resumed", "ended"]


async def test_a_run_that_is_only_slow_is_never_repaired(opener: Opener) -> None:
    class Slow(Recording):
        flow = Flow(execute=FlowControl(rate=2, parallelism=2))

    async with opener(
        Slow(lambda item_id, ctx: asyncio.sleep(0.7)), watchdog_seconds=0.1
    ) as sluice:
        await sluice.add_users(8)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        assert run.succeeded == 8
        assert await kinds(sluice, run.id) == ["created", "begun", "ended"]


class Sluggish(Recording):
    """Each look at what exists takes longer than many a look of the watchdog's."""

    page_size = 5

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        await asyncio.sleep(0.8)
        return set()


async def test_a_page_that_takes_long_is_not_taken_for_lost(opener: Opener) -> None:
    async with opener(Sluggish(), watchdog_seconds=0.1) as sluice:
        await sluice.add_users(12)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        assert await kinds(sluice, run.id) == ["created", "begun", "ended"]
    assert run.succeeded == 12
