"""An item waits for an event: one that comes, or one that came before."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.errors import Conflict
from app.store import retention
from app.store.events import waits
from app.store.items.failures import RetrySelection
from app.store.statuses import ItemStatus
from app.workflows.contract.run_options import options_of
from app.workflows.events.inbox import SentEvent
from app.workflows.family import Context, MatchedEvent
from app.workflows.messages import executions
from tests.support.service import Opener, assert_exact
from tests.support.stepped import items_at, remembered
from tests.workflows.events.heard import sent
from tests.workflows.events.invoices import PAID, Awaiting, found, paid, steps_waiting, wait

SHORT = timedelta(milliseconds=50)
WEEK = timedelta(days=7)


async def test_an_item_waits_and_goes_on_with_the_event(opener: Opener) -> None:
    family = Awaiting(wait)
    at = datetime(2026, 1, 31, 5, tzinfo=UTC)
    data = {"invoice": {"id": "u00002"}, "amount": 12.5}
    async with opener(family) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await sluice.drained()
            taken = await sent(sluice, paid("u00009"), SentEvent(PAID, data, "e1", at))
            assert [(one.woke, one.unmatched) for one in taken.receipts] == [(0, False), (1, False)]
            await found(sluice, 1, "SELECT 1 FROM sluice.item WHERE status = 'succeeded'")
            assert (await sluice.run(run_id)).suspended == 1
            await sent(sluice, paid("u00001"))
            run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
        [step] = await remembered(sluice, run_id, "u00002")
        rows = await sluice.sql("SELECT woke, woken_runs, unmatched FROM sluice.event ORDER BY seq")
    assert family.results["u00002"] == MatchedEvent("e1", PAID, data, at)
    assert (step.name, step.kind, step.status) == (PAID, "event", "done")
    told = [tuple(row) for row in rows]
    assert sorted(told, key=str) == [
        (0, None, False),
        (1, [run_id], False),
        (1, [run_id], False),
    ]
    assert family.executed == {"u00001": 2, "u00002": 2}


async def test_an_event_that_came_a_moment_before_is_not_lost(opener: Opener) -> None:
    began, go = asyncio.Event(), asyncio.Event()

    async def script(item: str, ctx: Context) -> MatchedEvent | None:
        began.set()
        await go.wait()
        return await wait(item, ctx)

    family = Awaiting(script)
    async with opener(family) as sluice:
        await sent(sluice, paid("u00001", "before the run"))
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await began.wait()
            taken = await sent(sluice, paid("u00001", "first"), paid("u00001", "second"))
            assert [one.unmatched for one in taken.receipts] == [True, True]
            go.set()
            run = await sluice.ended(run_id)
        rows = await sluice.sql("SELECT event_id, unmatched, woke FROM sluice.event ORDER BY seq")
    assert run.status == "succeeded"
    assert family.results["u00001"].id == "first"
    # It did not wait at all.
    assert family.executed == {"u00001": 1}
    assert [tuple(row) for row in rows] == [
        ("before the run", True, 0),
        ("first", False, 1),
        ("second", True, 0),
    ]


async def test_a_wait_looks_back_to_the_moment_that_it_says(opener: Opener) -> None:
    since: list[datetime] = []

    async def script(item: str, ctx: Context) -> list[str | None]:
        old = await ctx.wait_for(PAID, match="invoice.id", since=since[0])
        late = datetime.now(UTC) + timedelta(hours=1)
        none = await ctx.wait_for(PAID, match="invoice.id", since=late, timeout=SHORT, name="none")
        return [one.id if one else None for one in (old, none)]

    family = Awaiting(script)
    async with opener(family) as sluice:
        await sent(sluice, paid("u00001", "long ago"))
        await sluice.sql("UPDATE sluice.event SET received_at = now() - interval '2 hours'")
        await sent(sluice, paid("u00001", "before"))
        since.append(datetime.now(UTC) - timedelta(hours=1))
        assert (await sluice.played()).status == "succeeded"
    assert family.results["u00001"] == ["before", None]


@pytest.mark.parametrize(
    ("value", "stands"),
    [
        ("é x", "é x"),
        (42, 42),
        (42, "42"),
        ("42", 42),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (10**30, 10**30),
    ],
)
async def test_a_value_is_text_or_a_whole_number(opener: Opener, value: Any, stands: Any) -> None:
    async def script(item: str, ctx: Context) -> object:
        event = await ctx.wait_for(PAID, match="lines.1.id", value=value, timeout=WEEK)
        return event and event.data["lines"][1]["id"]

    family = Awaiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await steps_waiting(sluice)
            others: list[Any] = [True, None, {"id": stands}, [stands], f"{stands}0", ""]
            places: list[Any] = [
                {"lines": [{"id": stands}]},
                {"lines": {"0": {"id": stands}}},
                {"lines": 1},
            ]
            await sent(
                sluice,
                *(SentEvent(PAID, {"lines": [0, {"id": other}]}) for other in others),
                *(SentEvent(PAID, data) for data in places),
                SentEvent("invoice/payed", {"lines": [0, {"id": stands}]}),
            )
            await sent(sluice, SentEvent(PAID, {"lines": [0, {"id": stands}]}))
            assert (await sluice.ended(run_id)).status == "succeeded"
        rows = await sluice.sql("SELECT woke FROM sluice.event ORDER BY seq")
    assert family.results["u00001"] == stands
    assert [row[0] for row in rows] == [0] * 10 + [1]


async def test_one_event_wakes_all_that_wait_for_it(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> str | None:
        event = await ctx.wait_for("deploy/ended", match="deploy", value="d1")
        return event.id if event else None

    family = Awaiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(150)
        runs = [await sluice.start(), await sluice.start(item_ids=["u00003"])]
        async with sluice.worker():
            await steps_waiting(sluice, 151)
            taken = await sent(sluice, SentEvent("deploy/ended", {"deploy": "d1"}, "e1"))
            ended = [await sluice.ended(run_id) for run_id in runs]
        [row] = await sluice.sql("SELECT woke, woken_runs FROM sluice.event")
    assert [run.succeeded for run in ended] == [150, 1]
    assert taken.receipts[0].woke == row[0] == 151
    assert row[1] == sorted(runs)
    assert set(family.results.values()) == {"e1"}


async def test_each_event_counts_once_for_an_item_however_often_it_waits(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> list[str | None]:
        seen = []
        for number in range(3):
            event = await ctx.wait_for(PAID, match="invoice.id", name=f"paid-{number}")
            seen.append(event.id if event else None)
        return seen

    family = Awaiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await steps_waiting(sluice)
            # The second comes while the first is being gone on with, or before.
            await sent(sluice, paid("u00001", "e1"))
            await sent(sluice, paid("u00001", "e1"), paid("u00001", "e2"))
            await found(sluice, 2, "SELECT 1 FROM sluice.step WHERE status = 'done'")
            await sent(sluice, paid("u00001", "e2"), paid("u00001", "e3"))
            run = await sluice.ended(run_id)
    assert run.status == "succeeded"
    assert family.results["u00001"] == ["e1", "e2", "e3"]


async def test_without_an_event_in_time_the_answer_is_none(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> object:
        event = await ctx.wait_for(PAID, match="invoice.id", timeout=timedelta(milliseconds=300))
        return await ctx.run("after", lambda: event is None)

    family = Awaiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            run = await sluice.ended(run_id)
        taken = await sent(sluice, paid("u00001"))
        steps = {step.name: step for step in await remembered(sluice, run_id)}
    assert run.status == "succeeded"
    assert family.results["u00001"] is True
    assert (steps[PAID].status, steps[PAID].result) == ("done", None)
    # Its name is known, and nobody waits any more.
    assert (taken.receipts[0].woke, taken.receipts[0].unmatched) == (0, False)


async def test_a_wait_in_a_worker_s_hands_ends_with_its_time_or_its_event(opener: Opener) -> None:
    """A step beside it is at work, so the item is not suspended."""
    go = asyncio.Event()

    async def script(item: str, ctx: Context) -> object:
        async def slow() -> None:
            await go.wait()

        never, came, _ = await asyncio.gather(
            ctx.wait_for("order/lost", match="id", timeout=SHORT),
            ctx.wait_for(PAID, match="invoice.id", timeout=WEEK),
            ctx.run("slow", slow),
        )
        return [never, came and came.id]

    family = Awaiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await found(sluice, 1, "SELECT 1 FROM sluice.step WHERE event = 'order/lost'")
            await found(sluice, 1, "SELECT 1 FROM sluice.step WHERE event = 'invoice/paid'")
            taken = await sent(sluice, paid("u00001", "e1"))
            await found(sluice, 2, "SELECT 1 FROM sluice.step WHERE status = 'done'")
            go.set()
            run = await sluice.ended(run_id)
    assert taken.receipts[0].woke == 1
    assert run.status == "succeeded"
    assert family.results["u00001"] == [None, "e1"]


async def test_a_paused_run_keeps_the_event_and_a_cancelled_one_waits_no_more(
    opener: Opener,
) -> None:
    family = Awaiting(wait)
    async with opener(family) as sluice:
        await sluice.add_users(2)
        control = sluice.service.api.control
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await control.pause(run_id, by="test")
            await sent(sluice, paid("u00001", "e1"))
            await sluice.drained()
            assert (await sluice.run(run_id)).succeeded == 0
            await control.resume(run_id, by="test")
            await found(sluice, 1, "SELECT 1 FROM sluice.item WHERE status = 'succeeded'")
            await control.cancel(run_id, by="test")
            run = await sluice.ended(run_id)
            taken = await sent(sluice, paid("u00002", "e2"))
    assert (run.status, run.succeeded, run.cancelled) == ("cancelled", 1, 1)
    assert taken.receipts[0].woke == 0
    assert family.results["u00001"].id == "e1"


async def test_a_retry_looks_back_to_the_first_run(opener: Opener) -> None:
    broken = [True]

    async def script(item: str, ctx: Context) -> str | None:
        first = await ctx.wait_for(PAID, match="invoice.id")
        if broken:
            raise ValueError("broken")
        second = await ctx.wait_for(PAID, match="invoice.id", name="again")
        return f"{first and first.id} {second and second.id}"

    class Once(Awaiting):
        attempts = 1

    family = Once(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await steps_waiting(sluice)
            await sent(sluice, paid("u00001", "e1"))
            assert (await sluice.ended(run_id)).status == "failed"
            await sent(sluice, paid("u00001", "e2"))
            broken.clear()
            again = await sluice.service.client.retry(
                sluice.bound(),
                await sluice.run(run_id),
                RetrySelection(),
                started_by="test",
                once=None,
            )
            assert (await sluice.ended(again.run_id)).status == "succeeded"
    assert family.results["u00001"] == "e1 e2"


async def test_a_family_may_give_the_event_to_a_step(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> object:
        event = await wait(item, ctx)
        return await ctx.run("same", lambda one: one, event)

    family = Awaiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await steps_waiting(sluice)
            await sent(sluice, paid("u00001", "e1"))
            await sluice.ended(run_id)
    assert family.results["u00001"].id == "e1"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"event": "no name!"}, "An event's name has 1 to 200 letters"),
        ({"match": "a..b"}, "match of step 'paid' is a place in the event's data"),
        ({"match": "a" * 201}, "of at most 200 characters"),
        ({"match": "a\0b"}, "match of step 'paid' has 1 to 200 characters, and no line break"),
        ({"value": True}, "value of step 'paid' is text, a whole number or a UUID, and not bool"),
        ({"value": 1.5}, "and not float"),
        ({"value": ""}, "value of step 'paid' has 1 to 200 characters"),
        ({"value": "x" * 201}, "value of step 'paid' has 1 to 200 characters"),
        ({"since": datetime(2030, 1, 1)}, "a datetime with a time zone"),  # noqa: DTZ001
        ({"since": SHORT}, "since of step 'paid' is a datetime"),
        ({"timeout": 5}, "The timeout of step 'paid' is a timedelta"),
        ({"timeout": timedelta(days=400)}, "nothing waits longer than"),
        ({"name": "x" * 101}, "A step's name has 1 to 100 printable characters"),
    ],
)
async def test_a_wait_that_cannot_be_meant_is_refused(
    opener: Opener, asked: dict[str, Any], why: str
) -> None:
    given: dict[str, Any] = {"match": "invoice.id", "name": "paid"}

    async def script(item: str, ctx: Context) -> None:
        one = {"event": PAID, **given, **asked}
        await ctx.wait_for(one.pop("event"), **one)

    async with opener(Awaiting(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class, item.attempts) == ("failed", "StepMisused", 1)
    assert why in (item.error_message or "")


async def test_a_question_and_an_event_are_told_apart(opener: Opener) -> None:
    async with opener(Awaiting(wait)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            with pytest.raises(Conflict, match="waits for no answer"):
                await sluice.service.api.answering.question(run_id, "u00001", None)


async def test_what_is_old_goes_and_what_is_waited_for_stays(opener: Opener) -> None:
    async with opener(Awaiting(wait)) as sluice:
        await sluice.add_users(1)
        await sluice.start()
        async with sluice.worker():
            await steps_waiting(sluice)
        await sent(sluice, *(paid(f"x{n}") for n in range(5)))
        await sluice.sql("UPDATE sluice.event SET received_at = now() - interval '40 days'")
        await sluice.sql("UPDATE sluice.event_value SET received_at = now() - interval '40 days'")
        await sent(sluice, paid("y"))
        await sluice.sql("INSERT INTO sluice.event_place (name, place) VALUES ('gone', 'id')")
        await sluice.sql("UPDATE sluice.event_place SET used_at = now() - interval '1 year'")
        await retention.prune_events(sluice.service.database, timedelta(days=30))
        [row] = await sluice.sql(
            "SELECT (SELECT count(*) FROM sluice.event), (SELECT count(*) FROM sluice.event_value),"
            " (SELECT array_agg(name) FROM sluice.event_place)"
        )
    assert tuple(row) == (1, 1, [PAID])


async def test_the_first_wait_at_a_place_looks_through_the_newest_events(opener: Opener) -> None:
    """And further ones by the index of what was found there."""
    family = Awaiting(wait)
    async with opener(family) as sluice:
        await sluice.add_users(40)
        run_id = await sluice.start()
        for some in range(4):
            await sent(sluice, *(paid(f"u{some * 10 + n:05}") for n in range(1, 11)))
        async with sluice.worker():
            run = await sluice.ended(run_id)
        [[kept]] = await sluice.sql("SELECT count(*) FROM sluice.event_value")
    assert (run.succeeded, kept) == (40, 40)
    assert set(family.executed.values()) == {1}
    assert waits.NEWEST >= 1_000


async def test_a_preview_stops_where_it_would_wait(opener: Opener) -> None:
    async with opener(Awaiting(wait)) as sluice:
        await sluice.add_users(1)
        bound, previews = sluice.bound(), sluice.service.client.previews
        preview = await previews.preview(bound, "u00001", bound.family.params())
        [[places]] = await sluice.sql("SELECT count(*) FROM sluice.event_place")
    assert preview.stop is not None
    assert (preview.stop.step, preview.stop.kind) == (PAID, "event")
    assert preview.stop.payload == {"event": PAID, "match": "invoice.id", "value": "u00001"}
    assert places == 0


async def test_an_item_that_goes_on_has_the_priority_of_its_run(opener: Opener) -> None:
    family = Awaiting(wait)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        bound = sluice.bound()
        run_id = await sluice.start(options=options_of(bound.family, priority=9))
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await sluice.drained()
        await sent(sluice, paid("u00001"))
        [message] = await sluice.sql("SELECT priority FROM sluice.message")
        ordinary = executions(bound.name, run_id, ["u00001"], 1, 9)[0].priority
    assert message.priority == ordinary
