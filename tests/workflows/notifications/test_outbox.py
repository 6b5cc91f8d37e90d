"""What happens to a run is written for each target that wants it, in the same transaction."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from app.store.notifications import outbox
from app.store.runs import transitions
from app.store.statuses import ItemStatus, PauseReason
from app.workflows.family import Context, Fatal, FinishedRun, Systemic
from tests.support.control import Asked, control, fail, paused, start
from tests.support.families import Recording
from tests.support.service import Opener
from tests.support.stepped import Stepped, items_at, steps_suspended
from tests.workflows.notifications.told import (
    LOOPBACK,
    add_target,
    deliveries,
    let_all_be_due,
    told,
    until,
)


class Other(Recording):
    name = "other"


def every_second(item_id: str, ctx: Context) -> None:
    if int(item_id[1:]) % 2:
        raise Fatal("odd")


@pytest.mark.parametrize(
    ("work", "event"),
    [
        (None, "run.succeeded"),
        (every_second, "run.partial"),
        (fail, "run.failed"),
    ],
)
async def test_a_run_that_ends_is_told_once(opener: Opener, work: object, event: str) -> None:
    async with opener(Recording(work), **LOOPBACK) as sluice:  # type: ignore[arg-type]  # of three kinds
        await add_target(sluice)
        run = await sluice.played(4)
        [one] = await deliveries(sluice)
        assert (one.event, one.run_id, one.family) == (event, run.id, "recording")
        assert one.data["status"] == run.status == event.partition(".")[2]
        assert one.data["counters"]["scheduled"] == 4
        assert one.data["counters"]["succeeded"] == run.succeeded
        assert one.data["startedBy"] == "test"
        assert one.message_id.startswith("msg_")


async def test_a_pause_an_approval_and_a_cancel_are_told_apart(opener: Opener) -> None:
    family = Asked(lambda *_: None, approval=True)
    async with opener(family, **LOOPBACK) as sluice:
        target, _ = await add_target(sluice)
        await sluice.add_users(3)
        run_id = await start(sluice, family)
        async with sluice.worker():
            await paused(sluice, run_id)
        assert await told(sluice, target) == ["run.waiting_for_approval"]
        await control(sluice, "resume", run_id)
        await control(sluice, "pause", run_id)
        await control(sluice, "pause", run_id)  # which changes nothing
        await control(sluice, "cancel", run_id)
        async with sluice.worker():
            await sluice.ended(run_id)
        assert await told(sluice, target) == [
            "run.waiting_for_approval", "run.paused", "run.cancelled",
        ]  # fmt: skip
        _, pause, _ = await deliveries(sluice)
        assert (pause.data["who"], pause.data["reason"]) == ("ops", "operator")


async def test_a_change_that_is_undone_is_told_to_nobody(opener: Opener) -> None:
    async with opener(Recording(), **LOOPBACK) as sluice:
        await add_target(sluice)
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.service.database.connect() as tx:
            assert await transitions.pause(tx, run_id, PauseReason.SYSTEMIC, "It is late.")
            await tx.rollback()
        assert await deliveries(sluice) == []


async def test_each_target_is_told_of_what_it_asked_for(opener: Opener) -> None:
    async with opener(Recording(), Other(), **LOOPBACK) as sluice:
        url = "http://127.0.0.1:9/"
        everything, _ = await add_target(sluice, url + "1")
        failures, _ = await add_target(sluice, url + "2", events=["run.failed"])
        of_one, _ = await add_target(sluice, url + "3", families=["recording"])
        disabled, _ = await add_target(sluice, url + "4")
        await sluice.sql(
            "UPDATE sluice.notification_target SET disabled_at = now() WHERE id = :id", id=disabled
        )
        await sluice.played(1)
        await sluice.sql("DELETE FROM tests.users")
        await sluice.played(1, "other")
        counts = Counter(one.target_id for one in await deliveries(sluice))
    assert counts == {everything: 2, of_one: 1}
    assert failures not in counts


async def ask(item: str, ctx: Context) -> object:
    return await ctx.suspend("approve", {"item": item})


async def test_items_that_wait_for_a_person_are_told_of_together(opener: Opener) -> None:
    async with opener(Stepped(ask), **LOOPBACK) as sluice:
        await add_target(sluice, events=["item.suspended"])
        await sluice.add_users(25)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        [one] = await deliveries(sluice)
        assert (one.event, one.items, len(one.sample), one.open) == ("item.suspended", 25, 10, True)
        assert one.run_id == run_id
        assert one.due_at > one.created_at  # more of them may come


async def test_an_item_that_begins_to_wait_when_the_message_is_being_sent_is_in_the_next(
    opener: Opener,
) -> None:
    async with opener(Stepped(ask), **LOOPBACK) as sluice:
        await add_target(sluice)
        await sluice.add_users(1)
        first = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, first, ItemStatus.SUSPENDED)
            await let_all_be_due(sluice)

            await until(sluice, "claim = 1")
            async with sluice.service.database.begin() as tx:
                await outbox.tell_suspended(tx, [(first, "u00002"), (first, "u00003")])
                await outbox.tell_suspended(tx, [(first, "u00004")])
        counts = [(one.items, one.sample, one.open) for one in await deliveries(sluice)]
    assert counts == [
        (1, ["u00001"], False), (3, ["u00002", "u00003", "u00004"], True),
    ]  # fmt: skip


async def test_many_at_a_time_are_counted_exactly(opener: Opener) -> None:
    async with opener(Stepped(ask), **LOOPBACK) as sluice:
        await add_target(sluice)
        await sluice.add_users(1)
        runs = [await sluice.start()]
        await sluice.sql(
            "INSERT INTO sluice.run SELECT (r).* FROM (SELECT jsonb_populate_record(run,"
            ' \'{"id": "run_0"}\') AS r FROM sluice.run) AS other'
        )
        runs.append("run_0")

        async def suspend(number: int) -> None:
            places = [(runs[number % 2], f"u{number}"), (runs[1 - number % 2], f"u{number}")]
            async with sluice.service.database.begin() as tx:
                await outbox.tell_suspended(tx, places)

        await asyncio.gather(*(suspend(number) for number in range(40)))
        counts = {one.run_id: one.items for one in await deliveries(sluice)}
    assert counts == dict.fromkeys(runs, 40)


async def test_a_child_is_told_of_as_the_run_that_it_belongs_to(opener: Opener) -> None:
    class Child(Stepped):
        name = "child"

    async def parent(item: str, ctx: Context) -> object:
        return await ctx.child("ask", "child", item)

    async with opener(Stepped(parent), Child(ask), **LOOPBACK) as sluice:
        await add_target(sluice)
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker():
            await steps_suspended(sluice, 3)
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        [one] = await deliveries(sluice)
    assert (one.event, one.run_id, one.family) == ("item.suspended", run_id, "stepped")
    assert (one.items, sorted(one.sample)) == (3, ["u00001", "u00002", "u00003"])


async def test_a_finish_that_asks_or_pauses_is_told_and_its_end_is_the_runs(opener: Opener) -> None:
    class Reporting(Recording):
        async def finish(self, run: FinishedRun[str], ctx: Context) -> None:
            await ctx.suspend("publish")
            raise Systemic("The printer is out of paper.")

    async with opener(Reporting(), **LOOPBACK) as sluice:
        target, _ = await add_target(sluice)
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await steps_suspended(sluice, 1)
            await until(sluice, "event = 'item.suspended'")
            [asked] = await deliveries(sluice)
            [finish] = await sluice.sql(
                "SELECT id FROM sluice.run WHERE parent_run = :id", id=run_id
            )
            answering = sluice.service.api.answering
            question = await answering.question(finish.id, "finish", None)
            await answering.answer(question, "yes", by="test")
            await until(sluice, "event = 'run.paused'")
            await sluice.service.api.control.cancel(run_id, by="test")
            await sluice.ended(run_id)
        events = await told(sluice, target)
    assert (asked.run_id, asked.sample) == (run_id, ["finish"])
    assert events == ["item.suspended", "run.paused", "run.cancelled"]
