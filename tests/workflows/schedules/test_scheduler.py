"""Every worker may fire a schedule, and exactly one does, once for each fire time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from app.store.statuses import EventKind
from app.workflows.contract.cron import CatchUp, Overlap
from app.workflows.contract.run_options import ScheduleOptions
from app.workflows.schedules.scheduler import Scheduler
from tests.support.families import Beside, Recording
from tests.support.logged import warnings_logged
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import worker_process
from tests.support.service import Opener, Sluice
from tests.support.story import story
from tests.workflows.schedules.scheduling import (
    NIGHTLY,
    hourly,
    look,
    make_due,
    now_of,
    runs_of,
    scheduled,
    scheduler_of,
)

DAYS = timedelta(days=3, hours=5)
_CUT_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Elsewhere(Beside):
    name = "elsewhere"


class InLine(Recording):
    name = "in-line"
    overlap = Overlap.QUEUE


async def test_a_worker_fires_what_is_due_and_the_run_tells_why(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice:
        await sluice.add_users(3)
        key = await scheduled(
            sluice,
            await hourly(sluice),
            name="hourly",
            options=ScheduleOptions(limit=2, min_items=7),
        )
        before = await look(sluice, key)
        due = await make_due(sluice, key)
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while not (started := await runs_of(sluice, key)):
                    await asyncio.sleep(0.02)
            run = await sluice.ended(started[0])
        row = await look(sluice, key)
    assert (run.status, run.started_by, run.item_limit) == ("succeeded", "schedule hourly", 2)
    assert run.options["minItems"] == 7
    assert (row.last_result, row.last_run_id, row.last_detail) == ("started", run.id, None)
    assert row.next_at is not None
    assert row.next_at > due
    assert row.next_at.second == 0
    assert row.last_fired_at == due
    assert (row.changed_at, row.changed_by) == (before.changed_at, "test")


async def test_the_first_event_of_the_run_names_schedule_and_fire_time(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        key = await scheduled(sluice)
        due = await make_due(sluice, key)
        assert await scheduler_of(sluice).fire_due() == 1
        [run_id] = await runs_of(sluice, key)
        [created] = await story(sluice, run_id)
    assert (created.kind, created.who) == (EventKind.CREATED, f"schedule {key}")
    assert created.data == {
        "schedule": key,
        "fireTime": due.isoformat().replace("+00:00", "Z"),
    }


async def test_of_three_schedulers_that_race_one_fires_each_fire_time(opener: Opener) -> None:
    async with opener(Beside(), pool_size=10) as sluice:
        keys = [await scheduled(sluice) for _ in range(5)]
        for _ in range(4):
            for key in keys:
                await make_due(sluice, key)
            racing = [scheduler_of(sluice).fire_due() for _ in range(3)]
            assert sum(await asyncio.gather(*racing)) == len(keys)
        assert [len(await runs_of(sluice, key)) for key in keys] == [4] * 5


async def test_one_that_another_has_in_hand_keeps_none_from_firing(opener: Opener) -> None:
    async with opener(Beside()) as sluice:
        held, free = [await scheduled(sluice) for _ in range(2)]
        await make_due(sluice, held, timedelta(minutes=1))
        await make_due(sluice, free)
        async with sluice.service.database.connect() as connection, connection.begin():
            await connection.exec_driver_sql(
                f"SELECT 1 FROM sluice.schedule WHERE id = '{held}' FOR UPDATE"  # noqa: S608
            )
            assert await scheduler_of(sluice).fire_due() == 1
        assert await scheduler_of(sluice).fire_due() == 1
        assert [len(await runs_of(sluice, key)) for key in (held, free)] == [1, 1]


async def test_a_firing_that_is_cut_off_leaves_no_trace_and_comes_again(opener: Opener) -> None:
    """Whatever comes between the start of the run and the commit: the connection's end here."""

    class Cutting(Scheduler):
        async def _start(self, tx, schedule, fire_time):  # type: ignore[no-untyped-def]  # passes them on
            fired = await super()._start(tx, schedule, fire_time)
            await tx.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
            return fired

    async with opener(Beside()) as sluice:
        key = await scheduled(sluice)
        due = await make_due(sluice, key)
        service = sluice.service
        cut = Cutting(service.database, service.engine, service.families)
        assert await cut.fire_due() == 0
        assert await sluice.sql("SELECT 1 FROM sluice.run") == []
        assert await sluice.queued() == 0
        assert (await look(sluice, key)).next_at == due
        assert await scheduler_of(sluice).fire_due() == 1
        assert len(await runs_of(sluice, key)) == 1


async def test_it_goes_on_after_every_connection_was_cut(opener: Opener) -> None:
    async with opener(Beside()) as sluice:
        key = await scheduled(sluice)
        apart = await asyncpg.connect(opener.urls.database)
        running = asyncio.create_task(scheduler_of(sluice, every=0.1).run())
        try:
            for number in range(1, 4):
                await apart.execute(_CUT_OTHERS)
                await apart.execute("UPDATE sluice.schedule SET next_at = now()")
                async with asyncio.timeout(PATIENCE):
                    while await apart.fetchval("SELECT count(*) FROM sluice.run") < number:
                        await asyncio.sleep(0.02)
            assert not running.done()
        finally:
            running.cancel()
            await apart.close()
        assert len(await runs_of(sluice, key)) == 3


@pytest.mark.slow
async def test_workers_that_are_killed_lose_and_double_nothing(opener: Opener) -> None:
    prefix = opener.settings.redis_prefix
    async with (
        opener(Recording()) as sluice,
        worker_process(opener.urls, prefix) as first,
        worker_process(opener.urls, prefix) as second,
    ):
        await sluice.sql(
            "INSERT INTO sluice.schedule (id, name, family, expression, tz, catch_up, origin,"
            " created_by,"
            " changed_by, next_at) SELECT 'sch_' || n, 'sch_' || n, 'traced', '0 3 * * *', 'UTC',"
            " 'one', 'api', 'test', 'test', now() FROM generate_series(1, 200) AS t(n)"
        )
        await _some_fired(sluice)
        await first.kill()
        async with worker_process(opener.urls, prefix):
            await second.kill()
            async with asyncio.timeout(PATIENCE):
                while await sluice.sql("SELECT 1 FROM sluice.schedule WHERE last_result IS NULL"):
                    await asyncio.sleep(0.05)
        results = await sluice.sql("SELECT last_result, last_run_id FROM sluice.schedule")
        started = [row[1] for row in results if row[0] == "started"]
        there = {row[0] for row in await sluice.sql("SELECT id FROM sluice.run")}
    assert {row[0] for row in results} <= {"started", "skipped"}
    assert set(started) == there
    assert len(started) == len(there)


async def _some_fired(sluice: Sluice) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await sluice.sql("SELECT 1 FROM sluice.schedule WHERE last_result IS NOT NULL"):
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("each_hour", [False, True])
async def test_what_was_missed_while_all_was_down_makes_one_run(
    opener: Opener, *, each_hour: bool
) -> None:
    async with opener(Beside()) as sluice:
        key = await scheduled(sluice, await hourly(sluice) if each_hour else NIGHTLY)
        due = await make_due(sluice, key, DAYS)
        scheduler = scheduler_of(sluice)
        assert [await scheduler.fire_due(), await scheduler.fire_due()] == [1, 0]
        assert len(await runs_of(sluice, key)) == 1
        row = await look(sluice, key)
        now = await now_of(sluice)
    assert row.last_fired_at is not None
    assert row.next_at is not None
    assert due < row.last_fired_at <= now < row.next_at
    assert row.next_at - row.last_fired_at <= timedelta(days=1)
    assert row.last_detail is not None
    assert "one run for all of it" in row.last_detail


async def test_what_was_missed_makes_none_where_it_is_not_to_be_made_up_for(
    opener: Opener,
) -> None:
    async with opener(Beside()) as sluice:
        now = await now_of(sluice)
        noon_before = f"0 {(now - timedelta(hours=2)).hour} * * *"
        key = await scheduled(sluice, noon_before, catch_up=CatchUp.NONE)
        await make_due(sluice, key, DAYS)
        assert await scheduler_of(sluice).fire_due() == 1
        row = await look(sluice, key)
        assert await runs_of(sluice, key) == []
    assert (row.last_result, row.last_run_id) == ("skipped", None)
    assert row.last_detail == "It passed while nothing ran; catchUp is none."
    assert row.next_at is not None
    assert row.next_at > now


async def test_one_that_is_not_made_up_for_still_fires_at_the_fire_time_that_is_now(
    opener: Opener,
) -> None:
    async with opener(Beside()) as sluice:
        just_now = await hourly(sluice, timedelta(minutes=-1))
        key = await scheduled(sluice, just_now, catch_up=CatchUp.NONE)
        await make_due(sluice, key, DAYS)
        assert await scheduler_of(sluice).fire_due() == 1
        assert len(await runs_of(sluice, key)) == 1
        row = await look(sluice, key)
    assert (row.last_result, row.last_detail) == ("started", None)


async def test_a_clock_that_is_set_back_fires_nothing_twice(opener: Opener) -> None:
    async with opener(Beside()) as sluice:
        key = await scheduled(sluice, await hourly(sluice))
        await make_due(sluice, key)
        scheduler = scheduler_of(sluice)
        assert await scheduler.fire_due() == 1
        # As if now were an hour earlier: what has been told lies ahead.
        await sluice.sql(
            "UPDATE sluice.schedule SET next_at = next_at + interval '1 hour',"
            " last_fired_at = last_fired_at + interval '1 hour'"
        )
        fired_at = (await look(sluice, key)).last_fired_at
        assert fired_at is not None
        assert await scheduler.fire_due() == 0
        admin = sluice.service.api.schedules
        await admin.pause(key, paused=True, by="test")
        resumed = await admin.pause(key, paused=False, by="test")
        edited = await admin.edit(key, {"expression": "*/1 * * * *"}, by="test")
        for row in (resumed, edited):
            assert row.next_at is not None
            assert row.next_at > fired_at
        assert await scheduler.fire_due() == 0


async def test_a_row_that_is_turned_back_by_hand_starts_no_second_run(opener: Opener) -> None:
    async with opener(Beside()) as sluice:
        key = await scheduled(sluice)
        due = await make_due(sluice, key)
        for _ in range(2):
            await sluice.sql("UPDATE sluice.schedule SET next_at = :due", due=due)
            assert await scheduler_of(sluice).fire_due() == 1
        row = await look(sluice, key)
        assert await runs_of(sluice, key) == [row.last_run_id]


async def test_beside_an_active_run_it_is_skipped_and_goes_on(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        active = await sluice.start()
        key = await scheduled(sluice)
        await make_due(sluice, key)
        assert await scheduler_of(sluice).fire_due() == 1
        row = await look(sluice, key)
        assert (row.last_result, row.last_run_id) == ("skipped", None)
        assert active in (row.last_detail or "")
        await sluice.service.api.control.cancel(active, by="test")
        await make_due(sluice, key)
        assert await scheduler_of(sluice).fire_due() == 1
        row = await look(sluice, key)
        assert [row.last_run_id] == await runs_of(sluice, key)


async def test_a_family_that_queues_takes_the_run_into_its_line(opener: Opener) -> None:
    async with opener(InLine()) as sluice:
        await sluice.start()
        key = await scheduled(sluice)
        await make_due(sluice, key)
        await scheduler_of(sluice).fire_due()
        [run_id] = await runs_of(sluice, key)
        assert (await sluice.run(run_id)).stage == "waiting"


async def unreadable(sluice: Sluice, ago: timedelta) -> None:
    """There is one that stays due, because it is in a time zone that is not there."""
    key = await scheduled(sluice)
    await make_due(sluice, key, ago)
    await sluice.sql("UPDATE sluice.schedule SET tz = 'Mars/Olympus' WHERE id = :id", id=key)


async def test_one_that_cannot_be_read_keeps_none_behind_it_from_firing(opener: Opener) -> None:
    async with opener(Beside()) as sluice:
        await unreadable(sluice, timedelta(minutes=1))
        sound = await scheduled(sluice)
        await make_due(sluice, sound)
        assert await scheduler_of(sluice).fire_due() == 1
        assert len(await runs_of(sluice, sound)) == 1


async def test_one_that_cannot_be_read_does_not_hide_when_the_next_is_due(opener: Opener) -> None:
    """The scheduler looks once an hour, unless it knows of something sooner."""
    async with opener(Beside()) as sluice:
        await unreadable(sluice, timedelta(minutes=1))
        soon = await scheduled(sluice)
        await make_due(sluice, soon, timedelta(seconds=-1))
        running = asyncio.create_task(scheduler_of(sluice, every=3_600).run())
        try:
            async with asyncio.timeout(PATIENCE):
                while not await runs_of(sluice, soon):
                    await asyncio.sleep(0.02)
        finally:
            running.cancel()


async def test_one_of_a_family_that_is_not_here_is_left_to_workers_that_have_it(
    opener: Opener,
) -> None:
    async with opener(Beside(), Elsewhere()) as sluice:
        key = await scheduled(sluice, family="elsewhere")
        await make_due(sluice, key)
        async with opener(Beside()) as other:
            assert await scheduler_of(other).fire_due() == 0
        assert await scheduler_of(sluice).fire_due() == 1
        assert len(await runs_of(sluice, key)) == 1


async def test_a_paused_one_never_fires_and_a_resumed_one_makes_up_for_nothing(
    opener: Opener,
) -> None:
    async with opener(Beside()) as sluice:
        admin = sluice.service.api.schedules
        key = await scheduled(sluice)
        await make_due(sluice, key, DAYS)
        assert (await admin.pause(key, paused=True, by="ops")).next_at is None
        assert await scheduler_of(sluice).fire_due() == 0
        resumed = await admin.pause(key, paused=False, by="ops")
        assert resumed.next_at is not None
        assert resumed.next_at > await now_of(sluice)
        assert await scheduler_of(sluice).fire_due() == 0


async def test_a_schedule_that_cannot_fire_is_told_once_and_when_it_fires_again(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await make_due(sluice, await scheduled(sluice))
        await sluice.sql("ALTER TABLE sluice.run_event RENAME TO elsewhere")
        scheduler = scheduler_of(sluice)
        with warnings_logged() as logged:
            for _ in range(5):
                assert await scheduler.fire_due() == 0
            await sluice.sql("ALTER TABLE sluice.elsewhere RENAME TO run_event")
            assert await scheduler.fire_due() == 1
        told = [e["state"] for e in logged if e["event"] == "schedule_stumbled"]
        assert told == ["began", "ended"]


async def test_one_that_another_process_fires_meanwhile_stumbles_here_no_more(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await make_due(sluice, await scheduled(sluice))
        await sluice.sql("ALTER TABLE sluice.run_event RENAME TO elsewhere")
        scheduler = scheduler_of(sluice)
        with warnings_logged() as logged:
            assert await scheduler.fire_due() == 0
            await sluice.sql("ALTER TABLE sluice.elsewhere RENAME TO run_event")
            assert await scheduler_of(sluice).fire_due() == 1
            assert await scheduler.fire_due() == 0
        told = [e["state"] for e in logged if e["event"] == "schedule_stumbled"]
        assert told == ["began", "ended"]
