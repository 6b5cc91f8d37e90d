"""What events ask for is started once, gathered while it waits, and within the family's policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from pydantic import field_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.events import starts as rows
from app.store.events.starts import WaitingStarts
from app.store.statuses import EventKind
from app.workflows.events.starter import SOONEST, EventStarter
from app.workflows.family import Event
from tests.support.logged import warnings_logged
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.story import story
from tests.workflows.events.heard import (
    Alone,
    Gathering,
    Hearing,
    InLine,
    Patient,
    Plan,
    Planned,
    all_ended,
    changed,
    items_of_runs,
    pass_by,
    registered,
    runs,
    seen,
    sent,
    starter_of,
    starts,
)

HOUR = timedelta(hours=1)


async def test_a_worker_executes_just_that_item_at_once_and_the_run_tells_why(
    opener: Opener,
) -> None:
    family = Hearing()
    async with opener(family) as sluice:
        await sluice.add_users(3)
        async with sluice.worker():
            await sent(sluice, registered("u00002", id="e1"))
            [run] = await all_ended(sluice, 1)
        [created] = [one for one in await story(sluice, run.id) if one.kind == EventKind.CREATED]
        [start] = await starts(sluice)
    assert (run.status, run.succeeded, run.scheduled) == ("succeeded", 1, 1)
    assert run.started_by == "event user/registered"
    assert created.data == {"event": "user/registered", "items": 1}
    assert start["run_id"] == run.id
    assert start["settled_at"] is not None
    assert family.executed == {"u00002": 1}


@asynccontextmanager
async def only_woken(sluice: Sluice, every: float = 3_600) -> AsyncIterator[None]:
    """A starter that looks once an hour, unless it is woken."""
    service = sluice.service
    starter = EventStarter(
        service.database, service.engine, service.families, service.changes, every=every
    )
    running = asyncio.create_task(starter.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_an_event_wakes_it(opener: Opener) -> None:
    async with opener(Hearing()) as sluice, only_woken(sluice):
        for number in range(1, 4):
            await sent(sluice, registered(f"u{number}"))
            await _are_there(sluice, number)


async def test_the_end_of_the_run_in_the_way_wakes_it(opener: Opener) -> None:
    async with opener(Alone()) as sluice, only_woken(sluice):
        for number in range(1, 4):
            active = (await runs(sluice))[-1].id if number > 1 else await sluice.start()
            await sent(sluice, registered(f"u{number}"))
            # Whether it has looked by now or not.
            await sluice.service.api.control.cancel(active, by="test")
            await _are_there(sluice, number + 1)


async def test_a_window_that_ends_wakes_it(opener: Opener) -> None:
    class Brief(Gathering):
        on = (Event("user/seen", item="user.id", within=timedelta(seconds=0.3)),)

    async with opener(Brief()) as sluice, only_woken(sluice):
        await sent(sluice, seen("a"))
        await _are_there(sluice, 1)


async def _are_there(sluice: Sluice, number: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(await runs(sluice)) < number:
            await asyncio.sleep(0.01)


async def test_a_look_at_nothing_asks_the_database_once(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    waiting = rows.waiting

    async def asking(*args: Any) -> list[WaitingStarts]:
        asked.append(asyncio.get_running_loop().time())
        return await waiting(*args)

    monkeypatch.setattr(rows, "waiting", asking)
    async with opener(Hearing()) as sluice, only_woken(sluice, every=0.0):
        async with asyncio.timeout(PATIENCE):
            while len(asked) < 4:
                await asyncio.sleep(0.01)
    assert all(later - one > SOONEST / 2 for one, later in pairwise(asked))


async def test_an_item_that_has_a_result_is_left_alone(opener: Opener) -> None:
    family = Hearing()
    async with opener(family) as sluice:
        await sluice.add_users(2)
        async with sluice.worker():
            await sent(sluice, registered("u00001"))
            await all_ended(sluice, 1)
            await sent(sluice, registered("u00001"))
            _, second = await all_ended(sluice, 2)
    assert family.executed == {"u00001": 1}
    assert (second.reason, second.already_processed) == ("all_processed", 1)


async def test_an_item_at_work_in_another_run_is_not_at_work_twice(opener: Opener) -> None:
    free, at_once, most = asyncio.Event(), 0, 0

    async def work(_item: str, _ctx: object) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await free.wait()
        at_once -= 1

    family = Hearing(work)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while not family.executed:
                    await asyncio.sleep(0.01)
            await sent(sluice, registered("u00001"))
            async with asyncio.timeout(PATIENCE):
                while len(await runs(sluice)) < 2:
                    await asyncio.sleep(0.01)
            free.set()
            ended = await all_ended(sluice, 2)
    assert [run.status for run in ended] == ["succeeded", "succeeded"]
    assert ended[0].id == run_id
    assert most == 1


async def test_what_waits_at_the_same_time_is_one_run_however_many_events_there_are(
    opener: Opener,
) -> None:
    async with opener(Hearing()) as sluice:
        for number in range(40):
            await sent(sluice, registered(f"u{number % 20}"))
        assert await starter_of(sluice).start_due() == 1
        assert await starter_of(sluice).start_due() == 0
        [ids] = await items_of_runs(sluice)
        found = await starts(sluice)
    assert ids == [f"u{number}" for number in range(20)]
    assert {one["events"] for one in found} == {2}


async def test_more_than_a_run_has_are_several_runs(opener: Opener) -> None:
    async with opener(Hearing()) as sluice:
        await sent(sluice, *(registered(f"u{number}") for number in range(250)))
        assert await starter_of(sluice).start_due() == 3
        assert [len(ids or ()) for ids in await items_of_runs(sluice)] == [100, 100, 50]


async def test_each_params_have_a_run_of_their_own(opener: Opener) -> None:
    family = Planned()
    async with opener(family) as sluice:
        await sluice.add_users(3)
        await sent(
            sluice,
            changed("u00001", "gold"),
            changed("u00002", "silver"),
            changed("u00003", "gold"),
        )
        async with sluice.worker():
            await all_ended(sluice, 2)
        ids = sorted(ids or [] for ids in await items_of_runs(sluice))
    assert ids == [["u00001", "u00003"], ["u00002"]]
    assert sorted(family.plans) == [
        ("u00001", "gold", 1),
        ("u00002", "silver", 1),
        ("u00003", "gold", 1),
    ]


async def test_of_starters_that_race_one_starts_what_is_due(opener: Opener) -> None:
    async with opener(Hearing(), pool_size=10) as sluice:
        for _ in range(5):
            await sent(sluice, *(registered(f"u{number}") for number in range(10)))
            racing = [starter_of(sluice).start_due() for _ in range(3)]
            assert sum(await asyncio.gather(*racing)) == 1
        assert [len(ids or ()) for ids in await items_of_runs(sluice)] == [10] * 5


async def test_events_that_come_while_others_are_started_are_never_lost(opener: Opener) -> None:
    async with opener(Hearing(), pool_size=15) as sluice:
        stop = asyncio.Event()

        async def starting() -> None:
            while not stop.is_set():
                await starter_of(sluice).start_due()

        async def sending(sender: int) -> None:
            for number in range(40):
                # The same few items all the time: nearly each joins what is just being taken.
                await sent(sluice, registered(f"u{number % 3}", id=f"{sender}-{number}"))

        starters = [asyncio.create_task(starting()) for _ in range(2)]
        await asyncio.gather(*(sending(sender) for sender in range(4)))
        stop.set()
        await asyncio.gather(*starters)
        await starter_of(sluice).start_due()
        found = await starts(sluice)
        there = {run.id: set(run.item_ids or ()) for run in await runs(sluice)}
        links = await sluice.sql("SELECT starts::text[] FROM sluice.event")
    assert sum(one["events"] for one in found) == 160
    assert all(one["item_id"] in there[one["run_id"]] for one in found)
    assert {str(one["seq"]) for one in found} == {seq for row in links for seq in row[0]}


async def test_a_start_that_is_cut_off_leaves_no_trace_and_comes_again(opener: Opener) -> None:
    """Whatever comes between the run and the commit: the connection's end here."""

    class Cutting(EventStarter):
        async def _start_run(  # type: ignore[no-untyped-def]  # passes them on
            self, tx: AsyncConnection, *rest
        ) -> tuple[str | None, str | None]:
            started = await super()._start_run(tx, *rest)
            await tx.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
            return started

    async with opener(Hearing()) as sluice:
        service = sluice.service
        await sent(sluice, registered("u1"))
        cut = Cutting(service.database, service.engine, service.families, service.changes)
        assert await cut.start_due() == 0
        assert await runs(sluice) == []
        assert await sluice.queued() == 0
        assert await starter_of(sluice).start_due() == 1
        assert await items_of_runs(sluice) == [["u1"]]


async def test_a_family_with_one_run_at_a_time_takes_events_and_starts_them_at_its_end(
    opener: Opener,
) -> None:
    free = asyncio.Event()

    async def work(item: str, _ctx: object) -> None:
        if item == "u00001":
            await free.wait()

    family = Alone(work)
    async with opener(family) as sluice:
        await sluice.add_users(3)
        async with sluice.worker():
            await sent(sluice, registered("u00001"))
            async with asyncio.timeout(PATIENCE):
                while not family.executed:
                    await asyncio.sleep(0.01)
            for user in ("u00002", "u00003", "u00002"):
                await sent(sluice, registered(user))
            # Others start meanwhile, and nothing of these does.
            assert await starter_of(sluice).start_due() == 0
            free.set()
            first, second = await all_ended(sluice, 2)
    assert (first.item_ids, second.item_ids) == (["u00001"], ["u00002", "u00003"])
    assert family.executed == {"u00001": 1, "u00002": 1, "u00003": 1}


async def test_of_a_family_that_queues_one_run_waits_in_line_and_the_rest_is_gathered(
    opener: Opener,
) -> None:
    async with opener(InLine()) as sluice:
        await sluice.add_users(5)
        active = await sluice.start()
        for number in range(1, 6):
            await sent(sluice, registered(f"u0000{number}"))
            await starter_of(sluice).start_due()
        assert await items_of_runs(sluice) == [None, ["u00001"]]
        async with sluice.worker():
            ended = await all_ended(sluice, 3)
        waiting = [one for one in await starts(sluice) if one["settled_at"] is None]
    assert ended[0].id == active
    assert ended[2].item_ids == ["u00002", "u00003", "u00004", "u00005"]
    assert waiting == []


async def test_gathered_ones_start_when_they_are_enough_or_the_first_has_waited(
    opener: Opener,
) -> None:
    async with opener(Gathering()) as sluice:
        await sent(sluice, seen("a"))
        await sent(sluice, seen("b"))
        assert await starter_of(sluice).start_due() == 0
        for item in "cd":  # of one call they have no order
            await sent(sluice, seen(item))
        assert await starter_of(sluice).start_due() == 1
        assert await items_of_runs(sluice) == [["a", "b", "c"]]
        assert await starter_of(sluice).start_due() == 0
        await pass_by(sluice, timedelta(minutes=4))
        await sent(sluice, seen("e"))
        await pass_by(sluice, timedelta(minutes=1))
        assert await starter_of(sluice).start_due() == 1
        assert await items_of_runs(sluice) == [["a", "b", "c"], ["d", "e"]]


async def test_a_real_worker_gathers_for_as_long_as_the_family_says(opener: Opener) -> None:
    class Brief(Gathering):
        on = (Event("user/seen", item="user.id", within=HOUR),)

    async with opener(Brief()) as sluice:
        users = await sluice.add_users(6)
        async with sluice.worker():
            for user in users:
                await sent(sluice, seen(user))
            [[longest]] = await sluice.sql(
                "SELECT max(due_at - created_at) FROM sluice.event_start"
            )
            assert longest == HOUR
            await pass_by(sluice, HOUR - timedelta(minutes=10))
            assert await runs(sluice) == []
            await pass_by(sluice, timedelta(minutes=10))
            [run] = await all_ended(sluice, 1)
    assert sorted(run.item_ids or ()) == users


async def test_an_item_waits_until_it_is_left_alone_and_others_do_not_wait_for_it(
    opener: Opener,
) -> None:
    async with opener(Patient()) as sluice:
        await sent(sluice, changed("a", "one"), changed("b", "one"))
        await pass_by(sluice, timedelta(seconds=50))
        await sent(sluice, changed("a", "two"))
        await pass_by(sluice, timedelta(seconds=10))
        assert await starter_of(sluice).start_due() == 1
        assert await items_of_runs(sluice) == [["b"]]
        await pass_by(sluice, timedelta(seconds=50))
        assert await starter_of(sluice).start_due() == 1
        last = (await runs(sluice))[-1]
    assert (last.item_ids, last.params["plan"]) == (["a"], "two")


async def test_with_a_bound_no_burst_puts_it_off_for_ever(opener: Opener) -> None:
    class Bounded(Patient):
        on = (
            Event(
                "plan/changed",
                item="user.id",
                debounce=timedelta(minutes=1),
                within=timedelta(minutes=3),
            ),
        )

    async with opener(Bounded()) as sluice:
        for _ in range(5):
            await sent(sluice, changed("a", "one"))
            assert await starter_of(sluice).start_due() == 0
            await pass_by(sluice, timedelta(seconds=36))
        assert await starter_of(sluice).start_due() == 1


async def test_what_a_family_takes_no_more_is_settled_with_the_reason(opener: Opener) -> None:
    async with opener(Planned()) as sluice:
        await sent(sluice, changed("u1", "gold"), changed("u2", "silver"))
        await sluice.sql(
            """UPDATE sluice.event_start SET params = '{"gone": 1}' WHERE item_id = 'u1'"""
        )
        with warnings_logged() as logged:
            assert await starter_of(sluice).start_due() == 1
        assert await items_of_runs(sluice) == [["u2"]]
        refused, _ = await starts(sluice)
    assert refused["run_id"] is None
    assert refused["settled_at"] is not None
    assert "params.gone" in refused["detail"]
    assert [one["event"] for one in logged] == ["event_start_refused"]


async def test_params_that_break_the_family_when_they_are_kept_are_settled_as_well(
    opener: Opener,
) -> None:
    class Worn(Plan):
        @field_validator("plan")
        @classmethod
        def _known(cls, plan: str) -> str:
            if plan == "broken":
                raise KeyError(plan)
            return "broken" if plan == "worn" else plan

    class Wearing(Planned):
        params = Worn

    async with opener(Wearing()) as sluice:
        await sent(sluice, changed("u1", "gold"), changed("u2", "silver"))
        await sluice.sql(
            """UPDATE sluice.event_start SET params = '{"plan": "worn"}' WHERE item_id = 'u1'"""
        )
        assert await starter_of(sluice).start_due() == 1
        assert await items_of_runs(sluice) == [["u2"]]
        refused, _ = await starts(sluice)
    assert refused["settled_at"] is not None
    assert refused["detail"] == "params of planned raised KeyError: 'broken'"


async def test_of_an_event_that_the_code_names_no_more_what_came_before_still_starts(
    opener: Opener,
) -> None:
    class Deaf(Hearing):
        on = ()

    async with opener(Hearing()) as sluice:
        await sent(sluice, registered("u1"))
    async with opener(Deaf()) as sluice:
        assert await starter_of(sluice).start_due() == 1
        assert await items_of_runs(sluice) == [["u1"]]


async def test_what_is_for_a_family_that_is_not_here_is_left_to_who_has_it(
    opener: Opener,
) -> None:
    async with opener(Hearing()) as sluice:
        await sent(sluice, registered("u1"))
    async with opener(Planned()) as sluice:
        assert await starter_of(sluice).start_due() == 0
    async with opener(Hearing()) as sluice:
        assert await starter_of(sluice).start_due() == 1


async def test_a_renamed_family_starts_what_was_asked_of_its_former_name(opener: Opener) -> None:
    class Renamed(Hearing):
        name = "listening"
        rename = "hearing"

    async with opener(Hearing()) as sluice:
        await sent(sluice, registered("u1"), registered("u2"))
        await sluice.sql(
            "INSERT INTO sluice.event_start (family, event, merge_key, item_id, params,"
            " params_version, at, due_at) SELECT 'listening', event, merge_key, item_id, params,"
            " params_version, at, due_at FROM sluice.event_start WHERE item_id = 'u1'"
        )
    async with opener(Renamed()) as sluice:
        assert await starter_of(sluice).start_due() == 1
        [ids] = await items_of_runs(sluice)
    assert sorted(ids or ()) == ["u1", "u2"]


async def test_who_opens_a_service_later_starts_what_was_taken_without_a_worker(
    opener: Opener,
) -> None:
    family = Hearing()
    async with opener(family) as sluice:
        await sluice.add_users(1)
        await sent(sluice, registered("u00001"))
    async with opener(family) as sluice, sluice.worker():
        [run] = await all_ended(sluice, 1)
    assert run.succeeded == 1
