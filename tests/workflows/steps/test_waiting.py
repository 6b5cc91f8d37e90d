"""Items that wait: for time, for a person, for another item. They cost nothing meanwhile."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ConfigDict, Field

from app.errors import BadInput, Conflict
from app.schemas.items import SuspendedView
from app.store.statuses import ItemStatus, RunStatus
from app.workflows.contract.run_options import options_of
from app.workflows.family import ChildFailed, Context, FamilyParams, Fatal, Skip
from tests.support.clocks.virtual_time import pass_by
from tests.support.control import until_some
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.stepped import (
    Calls,
    Script,
    Stepped,
    items_at,
    remembered,
    steps_suspended,
    time_passes,
)

SHORT = timedelta(milliseconds=20)
LONG = timedelta(hours=1)
"""It is over when the test says so."""


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    approved: bool
    note: str = Field("", max_length=20)


class Proof(BaseModel):
    draft: str = Field(title="What would be sent", max_length=20)
    letters: int = Field(serialization_alias="length", description="so long it is")


def unchecked(kind: type[BaseModel], **held: object) -> BaseModel:
    return kind.model_construct(None, **held)


class Waiting(Stepped):
    """In this file, so that its answers' class is one that the family uses."""


class Changed(Waiting):
    """Runs ``old`` in the first delivery and ``new`` later: the code was changed meanwhile."""

    def __init__(self, old: Script, new: Script) -> None:
        super().__init__(old)
        self.new = new

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        try:
            return await super().execute(entity, params, ctx)
        finally:
            self.script = self.new


class Child(Recording):
    name = "child"


async def answer(
    sluice: Sluice, run_id: str, item_id: str, data: object, step: list[str] | None = None
) -> None:
    answering = sluice.service.api.answering
    await answering.answer(await answering.question(run_id, item_id, step), data, by="test")


async def ask(item: str, ctx: Context) -> object:
    return await ctx.suspend("approve", {"item": item}, resume=Decision)


async def test_a_sleeping_item_gives_back_its_slot_and_comes_again(opener: Opener) -> None:
    calls = Calls()

    async def script(item: str, ctx: Context) -> None:
        await ctx.sleep("nap", LONG)
        await ctx.run("after", calls.note, "after")

    family = Waiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            assert (await sluice.run(run_id)).suspended == 3
            await time_passes(sluice, LONG - timedelta(minutes=10))
            assert not calls.of
            await time_passes(sluice, timedelta(minutes=10))
            run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
        assert run.status == "succeeded"
        assert calls.of == {"after": 3}
        for item in family.results:
            slept = {step.name: step for step in await remembered(sluice, run_id, item)}["nap"]
            assert slept.finished_at is not None
            assert slept.finished_at - slept.started_at >= LONG


async def test_an_item_sleeps_until_a_moment_of_the_databases_clock(opener: Opener) -> None:
    moments: list[datetime] = []

    async def script(item: str, ctx: Context) -> None:
        await ctx.sleep_until("passed", datetime(2020, 1, 1, tzinfo=UTC))
        # Of the next delivery it is another one: that of the first delivery holds.
        moment = moments[0] + timedelta(days=len(moments) - 1)
        moments.append(moment)
        await ctx.sleep_until("nap", moment)

    async with opener(Waiting(script)) as sluice:
        [(now,)] = await sluice.sql("SELECT now()")
        moments.append((now + LONG).astimezone(ZoneInfo("Asia/Kathmandu")))
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            waits = {step.name: step for step in await remembered(sluice, run_id)}
            due = waits["nap"].due_at
            assert due is not None
            assert due >= moments[0]
            await time_passes(sluice, LONG)
            run = await sluice.ended(run_id)
        found = {step.name: step for step in await remembered(sluice, run.id)}
    assert run.status == "succeeded"
    ended = found["nap"].finished_at
    assert ended is not None
    assert moments[0] <= ended + LONG < moments[0] + timedelta(days=1)
    assert len(moments) == 3


@pytest.mark.parametrize(
    ("moment", "why"),
    [
        (datetime(2030, 1, 1), "another moment in each time zone"),  # noqa: DTZ001 - the point
        (datetime(2999, 1, 1, tzinfo=UTC), "nothing waits longer than 365"),
        (5, "and not int"),
    ],
)
async def test_a_moment_that_cannot_be_meant_is_refused(
    opener: Opener, moment: Any, why: str
) -> None:
    async def script(item: str, ctx: Context) -> None:
        await ctx.sleep_until("nap", moment)

    async with opener(Waiting(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class) == ("failed", "StepMisused")
    assert why in (item.error_message or "")


async def test_sleeps_side_by_side_take_as_long_as_the_longest(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> None:
        await asyncio.gather(ctx.sleep("short", naps["short"]), ctx.sleep("long", naps["long"]))

    naps = {"short": timedelta(seconds=0.2), "long": timedelta(seconds=0.6)}
    async with opener(Waiting(script)) as sluice:
        run = await sluice.played()
        found = await remembered(sluice, run.id)
    assert run.status == "succeeded"
    assert [(step.name, step.status) for step in found] == [("short", "done"), ("long", "done")]
    # A sleep that is over has ended when it was due, whenever it was found to be over.
    short, long = (step.finished_at - step.started_at for step in found if step.finished_at)
    assert naps["short"] <= short < naps["long"] <= long < naps["short"] + naps["long"]


async def test_a_branch_that_waits_does_not_hold_up_the_one_beside_it(opener: Opener) -> None:
    calls = Calls()

    async def slowly(what: str) -> str:
        await asyncio.sleep(0.15)
        return await calls.note(what)

    async def branch(ctx: Context) -> None:
        await ctx.run("first", slowly, "first")
        await ctx.run("second", slowly, "second")

    async def script(item: str, ctx: Context) -> object:
        _, decision = await asyncio.gather(branch(ctx), ask(item, ctx))
        return decision

    family = Waiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            assert calls.of == {"first": 1, "second": 1}
            await answer(sluice, run_id, "u00001", {"approved": True})
            await sluice.ended(run_id)
        assert calls.of == {"first": 1, "second": 1}
        assert family.results["u00001"] == Decision(approved=True)


async def test_a_suspended_item_goes_on_with_the_answer_it_is_given(opener: Opener) -> None:
    family = Waiting(ask)
    async with opener(family) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await sluice.drained()
            await answer(sluice, run_id, "u00001", {"approved": True, "note": "fine"})
            await answer(sluice, run_id, "u00002", {"approved": False})
            run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
    assert run.status == "succeeded"
    assert family.results == {
        "u00001": Decision(approved=True, note="fine"),
        "u00002": Decision(approved=False),
    }


async def test_a_question_that_nobody_answers_in_time_is_answered_with_none(
    opener: Opener,
) -> None:
    async def script(item: str, ctx: Context) -> object:
        limit = timedelta(seconds=0.3)
        return await ctx.suspend("approve", resume=Decision, timeout=limit)

    family = Waiting(script)
    async with opener(family) as sluice:
        run = await sluice.played()
        assert run.status == "succeeded"
        assert family.results == {"u00001": None}
        with pytest.raises(Conflict, match="waits for no answer"):
            await answer(sluice, run.id, "u00001", {"approved": True})


async def test_of_two_answers_at_once_one_wins_and_the_other_is_a_conflict(
    opener: Opener,
) -> None:
    family = Waiting(ask)
    async with opener(family) as sluice:
        await sluice.add_users(20)
        run_id = await sluice.start()
        async with sluice.worker():
            items = await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            asked = [i.item_id for i in items for _ in range(2)]
            told = await asyncio.gather(
                *(
                    answer(sluice, run_id, item_id, {"approved": n % 2 == 0})
                    for n, item_id in enumerate(asked)
                ),
                return_exceptions=True,
            )
            run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
    assert run.succeeded == 20
    for first, second in zip(told[::2], told[1::2], strict=True):
        assert sorted([first is None, isinstance(first, Conflict)]) == [False, True]
        assert sorted([first is None, second is None]) == [False, True]


async def test_an_answer_that_is_none_is_refused_by_the_class_that_is_asked_for(
    opener: Opener,
) -> None:
    async with opener(Waiting(ask)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        for data in ({}, {"approved": "perhaps"}, {"approved": True, "x": 1}, None, [1]):
            with pytest.raises(BadInput):
                await answer(sluice, run_id, "u00001", data)
        await items_at(sluice, run_id, ItemStatus.SUSPENDED)


async def test_an_answer_while_no_worker_is_there_is_not_lost(opener: Opener) -> None:
    family = Waiting(ask)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        await answer(sluice, run_id, "u00001", {"approved": True})
        async with sluice.worker():
            assert (await sluice.ended(run_id)).status == "succeeded"


async def test_an_item_that_waits_for_two_people_needs_to_be_told_which_answer_it_is(
    opener: Opener,
) -> None:
    async def script(item: str, ctx: Context) -> list[object]:
        return list(
            await asyncio.gather(
                ctx.suspend("legal", resume=Decision), ctx.suspend("press", resume=Decision)
            )
        )

    family = Waiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            with pytest.raises(BadInput, match="'legal', 'press'"):
                await answer(sluice, run_id, "u00001", {"approved": True})
            await answer(sluice, run_id, "u00001", {"approved": True}, ["press"])
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await answer(sluice, run_id, "u00001", {"approved": False}, ["legal"])
            run = await sluice.ended(run_id)
        assert_exact(run, await sluice.items(run_id))
    assert family.results["u00001"] == [Decision(approved=False), Decision(approved=True)]


async def test_a_class_that_the_api_would_not_find_is_refused_when_it_is_asked_for(
    opener: Opener,
) -> None:
    class Hidden(BaseModel):
        yes: bool

    async def script(item: str, ctx: Context) -> object:
        return await ctx.suspend("approve", resume=Hidden)

    async with opener(Waiting(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class) == ("failed", "StepMisused")
    assert "top level" in (item.error_message or "")


async def test_a_payload_that_is_a_model_goes_with_its_schema(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> object:
        return await ctx.suspend("approve", Proof(draft=f"To {item}", letters=9))

    async with opener(Waiting(script)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await steps_suspended(sluice, 1)
            question = await sluice.service.api.answering.question(run_id, "u00001", None)
            await answer(sluice, run_id, "u00001", {"any": "thing"})
            run = await sluice.ended(run_id)
    view = SuspendedView.of(question)
    assert view.payload == {"draft": "To u00001", "length": 9}
    assert view.payload_schema is not None
    assert view.payload_schema["properties"]["draft"]["title"] == "What would be sent"
    assert view.payload_schema["properties"]["length"]["description"] == "so long it is"
    assert view.schema_ is None
    assert run.status == "succeeded"


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (unchecked(Proof, draft="x" * 21, letters=1), "payload.draft"),
        (unchecked(Proof, draft="short", letters="one"), "letters"),
        (unchecked(Proof, draft="short"), "payload.letters"),
    ],
    ids=["too long", "another type", "missing"],
)
async def test_a_model_that_does_not_hold_what_it_declares_is_shown_to_nobody(
    opener: Opener, payload: BaseModel, field: str
) -> None:
    async def script(item: str, ctx: Context) -> object:
        return await ctx.suspend("approve", payload, resume=Decision)

    async with opener(Waiting(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
        assert await remembered(sluice, run.id) == []
    assert (item.status, item.error_class) == ("failed", "StepMisused")
    assert field in (item.error_message or "")


async def test_suspended_items_hold_back_no_page(opener: Opener) -> None:
    async with opener(Waiting(ask), look_ahead=10) as sluice:
        await sluice.add_users(200)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while (await sluice.run(run_id)).suspended < 200:
                    await asyncio.sleep(0.05)
        run = await sluice.run(run_id)
        assert_exact(run, await sluice.items(run_id))
        assert (run.scheduled, run.paged, run.status) == (200, True, RunStatus.RUNNING)


@pytest.mark.slow
async def test_ten_thousand_suspended_items_cost_no_slot_no_worker_and_no_polling(
    opener: Opener,
) -> None:
    family = Waiting(ask)
    async with opener(family, watchdog_seconds=600) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            # Nine thousand nine hundred and ninety-nine more, as the first one is.
            copy = (
                "INSERT INTO {0} SELECT (jsonb_populate_record(t, jsonb_build_object('item_id',"
                " 'c' || n))).* FROM {0} AS t, generate_series(2, 10000) AS n"
            )
            for table in ("sluice.item", "sluice.step"):
                await sluice.sql(copy.format(table))
            await sluice.sql("UPDATE sluice.run SET suspended = 10000, scheduled = 10000")
            await asyncio.sleep(11)  # an idle session tells Postgres after 10 s what it has read
            before = await _reads(sluice)
            await asyncio.sleep(3)
            assert await _reads(sluice) == before
            await sluice.drained()
            executed = family.executed.total()
            assert executed == 1
            # And another run has all the slots there are.
            await answer(sluice, run_id, "c77", {"approved": True})
            async with asyncio.timeout(PATIENCE):
                while (await sluice.run(run_id)).suspended == 10000:
                    await asyncio.sleep(0.02)


async def _reads(sluice: Sluice) -> tuple[int, int]:
    """How many rows of items and steps were ever read."""
    await sluice.sql("SELECT pg_stat_force_next_flush()")
    rows = await sluice.sql(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint, sum(n_tup_upd)::bigint"
        " FROM pg_stat_user_tables WHERE relname IN ('item', 'step')"
    )
    return tuple(rows[0])


async def test_a_cancelled_run_ends_what_is_suspended(opener: Opener) -> None:
    async with opener(Waiting(ask)) as sluice:
        await sluice.add_users(5)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            run = await sluice.service.api.control.cancel(run_id, by="test")
        assert run.status == "cancelled"
        assert_exact(run, await sluice.items(run_id))
        assert (run.cancelled, run.suspended) == (5, 0)
        with pytest.raises(Conflict, match="cancelled"):
            await answer(sluice, run_id, "u00001", {"approved": True})


async def test_an_item_that_would_be_suspended_while_its_run_is_cancelled_is_cancelled(
    opener: Opener,
) -> None:
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def script(item: str, ctx: Context) -> None:
        at_work.set()
        await go_on.wait()
        await ask(item, ctx)

    async with opener(Waiting(script), watchdog_seconds=600) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await at_work.wait()
            await sluice.service.api.control.cancel(run_id, by="test")
            go_on.set()
            run = await sluice.ended(run_id)
        assert (run.status, run.cancelled) == ("cancelled", 1)


async def test_a_sleep_ends_only_when_a_paused_run_is_resumed(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> None:
        await ctx.sleep("nap", LONG)

    async with opener(Waiting(script)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        control = sluice.service.api.control
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await control.pause(run_id, by="test")
            await time_passes(sluice, LONG)
            await sluice.drained()  # it has come, and gone again
            assert (await sluice.items(run_id))[0].status == "suspended"
            await sluice.drained()
            await control.resume(run_id, by="test")
            assert (await sluice.ended(run_id)).status == "succeeded"


async def test_a_sleep_whose_message_was_lost_is_mended(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> None:
        await ctx.sleep("nap", LONG)

    async with opener(Waiting(script), watchdog_seconds=0.2) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await sluice.sql("TRUNCATE sluice.message")
            await time_passes(sluice, LONG)
            assert (await sluice.ended(run_id)).status == "succeeded"


async def test_a_child_is_run_once_and_its_result_is_waited_for_without_a_slot(
    opener: Opener,
) -> None:
    async def script(item: str, ctx: Context) -> object:
        first = await ctx.child("first", "child", item)
        second, third = await asyncio.gather(
            ctx.child("second", "child", "u00002"), ctx.child("third", "child", "u00003")
        )
        return [first, second, third]

    family, child = Waiting(script), Child()
    async with opener(family, child) as sluice:
        await sluice.add_users(3)
        options = options_of(family, priority=8)
        run_id = await sluice.start("stepped", item_ids=["u00001"], options=options)
        async with sluice.worker():
            run = await sluice.ended(run_id)
        assert run.status == "succeeded"
        assert family.results["u00001"] == [f"result of u0000{n}" for n in (1, 2, 3)]
        assert child.executed == {"u00001": 1, "u00002": 1, "u00003": 1}
        assert child.saved.total() == 3
        children = await sluice.sql(
            "SELECT status, succeeded, options -> 'priority' FROM sluice.run"
            " WHERE parent_run = :run",
            run=run_id,
        )
        assert [tuple(row) for row in children] == [("succeeded", 1, 8)] * 3


async def test_a_child_that_fails_fails_its_parent_and_one_that_is_skipped_is_none(
    opener: Opener,
) -> None:
    def work(item: str, ctx: Context) -> None:
        raise Fatal("broken") if item == "u00001" else Skip("not this one")

    async def script(item: str, ctx: Context) -> object:
        return await ctx.child("it", "child", item)

    family = Waiting(script)
    async with opener(family, Child(work)) as sluice:
        run = await sluice.played(2, family="stepped")
        failed, skipped = await sluice.items(run.id)
        assert run.status == "partial"
    assert (failed.status, failed.error_class) == ("failed", ChildFailed.__name__)
    assert failed.error_message == "Step 'it': the child is failed. broken"
    assert skipped.status == "succeeded"
    assert family.results == {"u00002": None}


async def test_a_step_of_a_child_that_waits_is_found_and_answered_by_its_path(
    opener: Opener,
) -> None:
    class Asking(Stepped):
        name = "asking"

    async def script(item: str, ctx: Context) -> object:
        return await ctx.child("write", "asking", "post/1")

    async def load(item_id: str, ctx: Context) -> str:
        return item_id

    parent, child = Waiting(script), Asking(ask)
    child.load = load  # type: ignore[method-assign]  # its items are no users
    async with opener(parent, child) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start("stepped")
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await steps_suspended(sluice, 1)
            with pytest.raises(Conflict, match="'write' → 'approve'"):
                await answer(sluice, run_id, "u00001", {"approved": True}, ["write"])
            await answer(sluice, run_id, "u00001", {"approved": True}, ["write", "approve"])
            run = await sluice.ended(run_id)
        assert run.status == "succeeded"
        assert parent.results["u00001"] == "result of post/1"
        assert child.results["post/1"] == Decision(approved=True)


async def test_cancelling_a_run_cancels_the_children_it_waits_for(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> object:
        return await ctx.child("it", "asking", item)

    class Asking(Stepped):
        name = "asking"

    async with opener(Waiting(script), Asking(ask)) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start("stepped")
        async with sluice.worker():
            await steps_suspended(sluice, 2)
            await sluice.service.api.control.cancel(run_id, by="test")
        assert {row[0] for row in await sluice.sql("SELECT status FROM sluice.run")} == {
            "cancelled"
        }


async def test_a_step_that_was_renamed_meanwhile_ends_the_item_and_runs_nothing(
    opener: Opener,
) -> None:
    calls = Calls()

    async def old(item: str, ctx: Context) -> None:
        await ctx.run("write", calls.note, "old")
        await ctx.sleep("a while", SHORT)

    async def new(item: str, ctx: Context) -> None:
        await ctx.run("write-up", calls.note, "new")
        await ctx.sleep("a while", SHORT)

    family = Changed(old, new)
    async with opener(family) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (run.status, item.error_class, item.attempts) == ("failed", "StepsChanged", 1)
    assert "'a while', 'write'" in (item.error_message or "")
    assert calls.of == {"old": 1}
    assert family.saved == {}


async def test_a_step_that_was_removed_meanwhile_ends_the_item_and_saves_nothing(
    opener: Opener,
) -> None:
    async def old(item: str, ctx: Context) -> None:
        await asyncio.gather(*(ctx.run(f"part-{n}", time.time) for n in range(3)))
        await ctx.sleep("a while", SHORT)

    async def new(item: str, ctx: Context) -> None:
        await asyncio.gather(*(ctx.run(f"part-{n}", time.time) for n in range(2)))

    family = Changed(old, new)
    async with opener(family) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class) == ("failed", "StepsChanged")
    assert family.saved == {}


async def test_a_step_that_became_another_kind_ends_the_item(opener: Opener) -> None:
    async def old(item: str, ctx: Context) -> None:
        await ctx.sleep("pause", SHORT)

    async def new(item: str, ctx: Context) -> None:
        await ctx.run("pause", time.time)

    async with opener(Changed(old, new)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert item.error_class == "StepsChanged"


async def test_a_sleep_survives_a_restart(opener: Opener) -> None:
    calls = Calls()

    async def script(item: str, ctx: Context) -> None:
        await ctx.sleep("nap", LONG)
        await ctx.run("after", calls.note, "after")

    async with opener(Waiting(script)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
    async with opener(Waiting(script)) as sluice, sluice.worker():
        await time_passes(sluice, LONG - timedelta(minutes=10))
        assert not calls.of
        await time_passes(sluice, timedelta(minutes=10))
        run = await sluice.ended(run_id)
    assert run.status == "succeeded"
    assert calls.of == {"after": 1}


async def test_what_a_superseded_delivery_finds_out_is_not_remembered(opener: Opener) -> None:
    calls = Calls()

    async with opener(Stepped(ask)) as sluice:
        began: list[str] = []

        async def take_over(what: str) -> str:
            if not began:  # as if another worker had taken it over
                began.append(what)
                await sluice.sql("UPDATE sluice.message SET worker = NULL, due_at = now()")
                async with asyncio.timeout(PATIENCE):
                    while not calls.of[what]:
                        await asyncio.sleep(0.02)
                return "too late"
            return f"{await calls.note(what)} {calls.of[what]}"

        async def script(item: str, ctx: Context) -> object:
            return await ctx.run("write", take_over, "text")

        family = sluice.bound().family
        assert isinstance(family, Stepped)
        family.script = script
        run = await sluice.played()
        assert_exact(run, await sluice.items(run.id))
        assert run.status == "succeeded"
        assert family.results["u00001"] == "TEXT 1"
        assert [step.attempts for step in await remembered(sluice, run.id)] == [1]


async def test_what_is_no_step_beside_branches_that_wait_is_cut_off_and_cleans_up(
    opener: Opener,
) -> None:
    calls, go_on = Calls(), asyncio.Event()

    async def beside() -> None:
        await calls.note("began")
        try:
            await go_on.wait()  # which is no step, so nobody knows that it is at work
            await calls.note("went through")
        except Exception:  # noqa: BLE001 - which must not catch it
            await calls.note("caught")
        finally:
            await calls.note("cleaned up")

    async def script(item: str, ctx: Context) -> object:
        _, decision = await asyncio.gather(beside(), ask(item, ctx))
        return decision

    async with opener(Waiting(script)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            assert calls.of == {"began": 1, "cleaned up": 1}
            go_on.set()
            await answer(sluice, run_id, "u00001", {"approved": True})
            await sluice.ended(run_id)
    assert calls.of == {"began": 2, "cleaned up": 2, "went through": 1}  # each delivery anew


async def test_a_question_is_there_once_everything_beside_it_is_done_or_waits(
    opener: Opener,
) -> None:
    go_on = asyncio.Event()

    async def script(item: str, ctx: Context) -> object:
        return (await asyncio.gather(ctx.run("work", go_on.wait), ask(item, ctx)))[1]

    family = Waiting(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await until_some(family, 1)
            await asyncio.sleep(0.3)  # longer than a quiet item is left in the worker's hands
            with pytest.raises(Conflict, match="waits for no answer: it is pending"):
                await answer(sluice, run_id, "u00001", {"approved": True})
            go_on.set()
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await answer(sluice, run_id, "u00001", {"approved": True})
            assert (await sluice.ended(run_id)).status == "succeeded"


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (("first", "nap", "last"), None),
        (("first", "new", "nap"), "StepsChanged"),
        (("new", "first", "nap"), "StepsChanged"),
    ],
)
async def test_a_new_step_may_follow_what_is_remembered_and_not_come_before(
    opener: Opener, names: tuple[str, ...], error: str | None
) -> None:
    calls = Calls()

    async def old(item: str, ctx: Context) -> None:
        await ctx.run("first", calls.note, "first")
        await ctx.sleep("nap", SHORT)

    async def new(item: str, ctx: Context) -> None:
        for name in names:
            if name == "nap":
                await ctx.sleep(name, SHORT)
            else:
                await ctx.run(name, calls.note, name)

    family = Changed(old, new)
    async with opener(family) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class) == ("failed" if error else "succeeded", error)
    assert calls.of == {"first": 1} | ({} if error else {"last": 1})


async def test_the_familys_timeout_is_of_each_delivery_and_not_of_what_lies_between(
    opener: Opener,
) -> None:
    class Hasty(Waiting):
        timeout = timedelta(seconds=25)

    async def work() -> None:
        pass_by(15)

    async def script(item: str, ctx: Context) -> None:
        for n in range(2):
            await ctx.run(f"work-{n}", work)
            await ctx.sleep(f"nap-{n}", SHORT)

    async with opener(Hasty(script)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            assert (await sluice.ended(run_id)).status == "succeeded"


async def test_an_answer_to_a_paused_run_is_kept_until_it_is_resumed(opener: Opener) -> None:
    family = Waiting(ask)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        control = sluice.service.api.control
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await control.pause(run_id, by="test")
            await answer(sluice, run_id, "u00001", {"approved": True})
            await asyncio.sleep(0.5)
            assert (await sluice.items(run_id))[0].status == "suspended"
            await control.resume(run_id, by="test")
            assert (await sluice.ended(run_id)).status == "succeeded"
    assert family.results == {"u00001": Decision(approved=True)}


async def test_a_child_is_executed_whatever_is_stored_and_goes_on_while_its_parent_is_paused(
    opener: Opener,
) -> None:
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def work(item: str, ctx: Context) -> None:
        at_work.set()
        await go_on.wait()

    async def script(item: str, ctx: Context) -> object:
        return await ctx.child("it", "child", item)

    child = Child(work)
    child.done.add("u00001")
    async with opener(Waiting(script), child) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start("stepped")
        control = sluice.service.api.control
        async with sluice.worker():
            await at_work.wait()
            await control.pause(run_id, by="test")
            go_on.set()
            [[child_run]] = await sluice.sql(
                "SELECT id FROM sluice.run WHERE parent_run IS NOT NULL"
            )
            assert (await sluice.ended(child_run)).status == "succeeded"
            assert (await sluice.run(run_id)).status == "paused"
            await control.resume(run_id, by="test")
            assert (await sluice.ended(run_id)).status == "succeeded"
    assert child.executed == {"u00001": 1}


async def test_an_item_that_fails_leaves_its_children_to_end_by_themselves(opener: Opener) -> None:
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def work(item: str, ctx: Context) -> None:
        at_work.set()
        await go_on.wait()

    async def fail() -> None:
        await at_work.wait()
        raise Fatal("beside it")

    async def script(item: str, ctx: Context) -> None:
        await asyncio.gather(ctx.child("it", "child", item), ctx.run("fail", fail))

    async with opener(Waiting(script), Child(work)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start("stepped")
        async with sluice.worker():
            assert (await sluice.ended(run_id)).status == "failed"
            go_on.set()
            [[child_run]] = await sluice.sql(
                "SELECT id FROM sluice.run WHERE parent_run IS NOT NULL"
            )
            assert (await sluice.ended(child_run)).status == "succeeded"


async def test_a_child_of_a_family_that_is_to_be_approved_waits_for_that(opener: Opener) -> None:
    class Guarded(Child):
        approval = True

    async def script(item: str, ctx: Context) -> object:
        return await ctx.child("it", "child", item)

    family, child = Waiting(script), Guarded()
    async with opener(family, child) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start("stepped")
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            [(child_run, reason)] = await sluice.sql(
                "SELECT id, reason FROM sluice.run WHERE parent_run = :run AND status = 'paused'",
                run=run_id,
            )
            assert (reason, child.executed) == ("approval", {})
            await sluice.service.api.control.resume(child_run, by="boss")
            assert (await sluice.ended(run_id)).status == "succeeded"
        assert child.executed == {"u00001": 1}
