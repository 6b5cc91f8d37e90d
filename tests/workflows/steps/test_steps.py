"""Steps: remembered by name, tried again, waited for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from app.store.statuses import ItemStatus
from app.store.tables.runs import Run
from app.workflows.family import (
    Backoff,
    Context,
    FamilyParams,
    Fatal,
    RetryAfter,
    Skip,
    StepFailed,
    Systemic,
)
from tests.support.control import paused
from tests.support.families import Recording
from tests.support.http import api
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.stepped import Calls, Stepped, items_at, remembered, time_passes

QUICK = Backoff(initial=timedelta(milliseconds=20), longest=timedelta(milliseconds=50))


@dataclass(frozen=True)
class Picture:
    """What a step returns that JSON has no word for."""

    title: str
    taken_for: timedelta


async def test_a_step_runs_once_however_often_its_item_is_delivered(opener: Opener) -> None:
    calls = Calls()

    async def script(item: str, ctx: Context) -> str:
        first = await ctx.run("first", calls.note, "a")
        second = await ctx.run("second", calls.plainly, "b")
        if calls.of["redelivered"] < 2:
            calls.of["redelivered"] += 1
            raise RetryAfter(timedelta(milliseconds=10))
        return first + second

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played()
        assert run.status == "succeeded"
        assert family.results == {"u00001": "AB"}
        assert family.executed["u00001"] == 3
        assert calls.of == {"a": 1, "b": 1, "redelivered": 2}
        assert [(s.name, s.status, s.attempts, s.position) for s in await remembered(sluice, run.id)
                ] == [("first", "done", 1, 1), ("second", "done", 1, 2)]  # fmt: skip


async def test_steps_side_by_side_are_each_remembered(opener: Opener) -> None:
    calls = Calls()

    async def script(item: str, ctx: Context) -> list[str]:
        names = [f"part-{n}" for n in range(5)]
        parts = await asyncio.gather(*(ctx.run(name, calls.note, name) for name in names))
        if family.executed[item] == 1:
            raise RuntimeError("after the parts")
        return list(parts)

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played(3)
        assert run.status == "succeeded"
        assert set(calls.of.values()) == {3}  # once for each item
        assert family.results["u00002"] == [f"PART-{n}" for n in range(5)]
        assert len(await remembered(sluice, run.id)) == 5


async def test_what_is_at_work_beside_a_step_that_fails_is_not_lost(opener: Opener) -> None:
    calls = Calls()

    async def slowly(what: str) -> str:
        await asyncio.sleep(0.2)
        return await calls.note(what)

    async def fail() -> None:
        if family.executed["u00001"] == 1:
            raise RuntimeError("no")

    async def script(item: str, ctx: Context) -> None:
        await asyncio.gather(ctx.run("slow", slowly, "slow"), ctx.run("bad", fail))

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played()
        assert run.status == "succeeded"
        assert calls.of == {"slow": 1}


async def test_values_are_passed_by_value_in_the_first_delivery_too(opener: Opener) -> None:
    async def grow(numbers: list[int]) -> list[int]:
        numbers.append(3)
        return numbers

    async def frame(picture: Picture) -> Picture:
        return picture

    async def script(item: str, ctx: Context) -> None:
        given = [1, 2]
        assert await ctx.run("grow", grow, given) == [1, 2, 3]
        assert given == [1, 2]
        picture = Picture("sea", timedelta(hours=1))
        framed = await ctx.run("frame", frame, picture)
        assert framed == picture
        assert framed is not picture

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        assert run.status == "succeeded", (await sluice.items(run.id))[0].error_message


async def test_what_cannot_be_remembered_fails_the_item_at_once_and_says_where(
    opener: Opener,
) -> None:
    async def make() -> dict[str, object]:
        return {"rows": [1, object()]}

    async def script(item: str, ctx: Context) -> None:
        await ctx.run("make", make)

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.attempts, item.error_class) == ("failed", 1, "NotSerialisable")
    assert "make: result['rows'][1]" in (item.error_message or "")


async def test_two_steps_of_one_name_are_refused_at_once(opener: Opener) -> None:
    calls = Calls()

    async def script(item: str, ctx: Context) -> None:
        for what in ("a", "b"):
            await ctx.run("same", calls.note, what)

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.attempts, item.error_class) == ("failed", 1, "StepMisused")
    assert "'same'" in (item.error_message or "")
    assert calls.of == {"a": 1}


async def test_a_step_has_tries_of_its_own_and_then_the_item_has_its_own(opener: Opener) -> None:
    calls = Calls()

    async def fail(until: int) -> str:
        calls.of["fail"] += 1
        if calls.of["fail"] < until:
            raise ConnectionError("the line is dead")
        return "through"

    async def script(item: str, ctx: Context) -> str:
        await ctx.run("before", calls.note, "before")
        return await ctx.run("flaky", fail, 5, attempts=3, backoff=QUICK)

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
        [_, flaky] = await remembered(sluice, run.id)
        assert_exact(run, [item])
    assert (item.status, item.attempts) == ("succeeded", 2)  # three tries, and then two
    assert (flaky.status, flaky.attempts, flaky.tries) == ("done", 5, 2)
    assert calls.of == {"before": 1, "fail": 5}


async def test_a_step_that_never_works_fails_its_item_by_the_name_of_its_error(
    opener: Opener,
) -> None:
    async def fail() -> None:
        raise ConnectionError("the line is dead")

    async def script(item: str, ctx: Context) -> None:
        await ctx.run("call home", fail)

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
        [step] = await remembered(sluice, run.id)
    assert (item.status, item.attempts, item.error_class) == ("failed", 2, "ConnectionError")
    assert item.error_message == "Step 'call home': the line is dead"
    assert (step.status, step.attempts, step.error_message) == ("failed", 2, "the line is dead")


async def test_a_failure_that_the_code_went_on_from_stays_a_failure(opener: Opener) -> None:
    calls = Calls()

    async def fail_at_first() -> str:
        calls.of["primary"] += 1
        if calls.of["primary"] == 1:
            raise ConnectionError("no")
        return "primary"

    async def script(item: str, ctx: Context) -> str:
        try:
            made = await ctx.run("primary", fail_at_first)
        except StepFailed as failed:
            made = await ctx.run("fallback", calls.note, failed.error_class)
        await ctx.sleep("a moment", timedelta(milliseconds=100))
        return made

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played()
    assert run.status == "succeeded"
    assert family.results == {"u00001": "CONNECTIONERROR"}
    assert calls.of == {"primary": 1, "ConnectionError": 1}


async def test_an_item_without_steps_writes_no_step(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await sluice.played(5)
        assert await sluice.sql("SELECT * FROM sluice.step") == []


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", "a\0b"])
async def test_a_name_that_is_none_is_refused(opener: Opener, name: str) -> None:
    async def script(item: str, ctx: Context) -> None:
        await ctx.run(name, str)

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class) == ("failed", "StepMisused")


async def test_steps_outside_execute_are_refused(opener: Opener) -> None:
    class Eager(Stepped):
        async def load(self, item_id: str, ctx: Context) -> str | None:
            await ctx.run("too early", str)
            return item_id

    async def script(item: str, ctx: Context) -> None: ...

    async with opener(Eager(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class) == ("failed", "StepMisused")


@pytest.mark.parametrize(
    ("raised", "outcome", "attempts"),
    [
        (Skip("not this one"), "skipped", 1),
        (Fatal("broken"), "failed", 1),
        (RetryAfter(timedelta(milliseconds=10)), "succeeded", 1),
    ],
)
async def test_what_an_author_raises_in_a_step_means_what_it_means_elsewhere(
    opener: Opener, raised: Exception, outcome: str, attempts: int
) -> None:
    calls = Calls()

    async def work() -> str:
        if not calls.of["work"]:
            await calls.note("work")
            raise raised
        return await calls.note("work")

    async def script(item: str, ctx: Context) -> None:
        await ctx.run("work", work, attempts=3, backoff=QUICK)

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
        steps = await remembered(sluice, run.id)
    assert (item.status, item.attempts) == (outcome, attempts)
    # Only what came of the second try, where there was one: the first is no try of the step's.
    assert [step.attempts for step in steps] == ([1] if outcome == "succeeded" else [])


async def test_a_systemic_error_in_a_step_pauses_the_run_and_the_step_is_tried_anew(
    opener: Opener,
) -> None:
    calls = Calls()

    async def work() -> str:
        if calls.of["work"] == 0:
            await calls.note("work")
            raise Systemic("the key is refused")
        return await calls.note("work")

    async def script(item: str, ctx: Context) -> str:
        await ctx.run("before", calls.note, "before")
        return await ctx.run("work", work, attempts=3, backoff=QUICK)

    async with opener(Stepped(script)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            assert (await paused(sluice, run_id)).reason == "systemic"
            await sluice.service.api.control.resume(run_id, by="test")
            run = await sluice.ended(run_id)
        [item] = await sluice.items(run_id)
    assert (run.status, item.attempts) == ("succeeded", 1)
    assert calls.of == {"before": 1, "work": 2}


async def test_between_two_tries_of_a_step_the_item_is_suspended(opener: Opener) -> None:
    calls = Calls()

    async def fail_at_first() -> str:
        calls.of["tries"] += 1
        if calls.of["tries"] == 1:
            raise ConnectionError("no")
        return "through"

    async def script(item: str, ctx: Context) -> str:
        slow = Backoff(initial=timedelta(seconds=3))  # in which it is seen to wait
        return await ctx.run("flaky", fail_at_first, attempts=2, backoff=slow)

    family = Stepped(script)
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            [item] = await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            assert item.attempts == 0
            run = await sluice.ended(run_id)
    assert run.status == "succeeded"
    assert family.executed["u00001"] == 2  # and so a delivery of its own
    assert calls.of == {"tries": 2}


async def test_what_is_remembered_of_a_class_that_has_other_fields_now_ends_the_item(
    opener: Opener,
) -> None:
    async def make() -> Picture:
        return Picture("sea", timedelta(hours=1))

    async def script(item: str, ctx: Context) -> None:
        await ctx.run("make", make)
        await ctx.sleep("nap", timedelta(hours=1))  # in which it is changed

    async with opener(Stepped(script)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await sluice.sql(
                "UPDATE sluice.step SET result = replace(result, 'title', 'name') WHERE name ="
                " 'make'"
            )
            await time_passes(sluice, timedelta(hours=1))
            await sluice.ended(run_id)
        [item] = await sluice.items(run_id)
    assert (item.status, item.attempts, item.error_class) == ("failed", 1, "Unreadable")
    assert "Give the class back its fields" in (item.error_message or "")


async def test_a_result_that_is_too_large_is_refused_and_says_what_to_do(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> None:
        await ctx.run("make", str, "x" * 999_990)
        await ctx.run("double", lambda: "x" * 1_000_000)

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
        assert [step.name for step in await remembered(sluice, run.id)] == ["make"]
    assert (item.attempts, item.error_class) == (1, "NotSerialisable")
    assert "at most 1,000,000 bytes" in (item.error_message or "")


async def retried(sluice: Sluice, run_id: str, **body: object) -> Run:
    """The run that a retry starts, once it has ended."""
    async with api(sluice) as caller, sluice.worker():
        answer = await caller.post(f"/api/runs/{run_id}/retry", json=body)
        assert answer.status_code == 202, answer.text
        return await sluice.ended(answer.json()["runId"])


@pytest.mark.parametrize(("fresh", "times"), [(False, 1), (True, 2)])
async def test_a_retry_goes_on_from_the_step_that_failed_or_begins_anew(
    opener: Opener, fresh: bool, times: int
) -> None:
    calls = Calls()

    async def send(text: str) -> str:
        await calls.note("send")
        if calls.of["send"] == 1:
            raise Fatal("not today")
        return text

    async def script(item: str, ctx: Context) -> object:
        made = await ctx.run("make", calls.note, "make")
        return await asyncio.gather(
            ctx.run("beside", calls.note, "beside"), ctx.run("send", send, made)
        )

    family = Stepped(script)
    async with opener(family) as sluice:
        first = await sluice.played()
        again = await retried(sluice, first.id, fresh=fresh)
        assert_exact(again, await sluice.items(again.id))
        kept = {step.name: step.status for step in await remembered(sluice, again.id)}
    assert (first.failed, again.succeeded) == (1, 1)
    assert calls.of == {"make": times, "beside": times, "send": 2}
    assert family.results["u00001"] == ["BESIDE", "MAKE"]
    assert kept == {"make": "done", "beside": "done", "send": "done"}


async def test_what_failed_for_its_steps_or_did_not_fail_is_retried_without_them(
    opener: Opener,
) -> None:
    calls = Calls()

    async def script(item: str, ctx: Context) -> None:
        await ctx.run("first", calls.note, "first")

    async def changed(item: str, ctx: Context) -> None:
        await ctx.run("other", calls.note, "other")

    family = Stepped(script)
    async with opener(family) as sluice:
        done = await sluice.played()
        again = await retried(sluice, done.id, status=["succeeded"])
        assert (again.succeeded, calls.of) == (1, {"first": 2})
        await sluice.sql(
            "UPDATE sluice.item SET status = 'failed', error_class = 'StepsChanged'"
            " WHERE run_id = :id",
            id=again.id,
        )
        family.script = changed
        assert (await retried(sluice, again.id)).succeeded == 1
    assert calls.of == {"first": 2, "other": 1}


async def test_an_argument_that_cannot_be_passed_is_refused_before_the_step_runs(
    opener: Opener,
) -> None:
    calls = Calls()

    async def script(item: str, ctx: Context) -> None:
        await ctx.run("write", calls.plainly, object())

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.attempts, item.error_class) == (1, "NotSerialisable")
    assert "write: argument 1" in (item.error_message or "")
    assert not calls.of


def doubled(number: int) -> int:
    return number * 2


def titles(pictures: list[Picture]) -> dict[str, str]:
    return {picture.title: str(picture.taken_for) for picture in pictures}


def untold(number):  # type: ignore[no-untyped-def]  # as some write it
    return number


def careless(number: int) -> int:
    return "two"  # type: ignore[return-value]  # what it is about


@pytest.mark.parametrize(
    ("function", "given", "why"),
    [
        (doubled, "2", "Argument 1 of step 'it' is a str, and doubled declares int."),
        (titles, ["no picture"], "and titles declares list[tests.workflows.steps.test_steps.Pict"),
        (careless, 2, "Step 'it' returned a str, and careless declares int."),
    ],
)
async def test_a_value_of_another_type_than_the_step_declares_ends_the_item(
    opener: Opener, function: Any, given: object, why: str
) -> None:
    async def script(item: str, ctx: Context) -> None:
        await ctx.run("it", function, given)

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
        assert not await remembered(sluice, run.id)
    assert (item.attempts, item.error_class) == (1, "StepMisused")
    assert why in (item.error_message or "")


async def test_values_of_the_types_that_a_step_declares_pass(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> object:
        picture = Picture("a", timedelta(1))
        return [
            await ctx.run("doubled", doubled, True),
            await ctx.run("titles", titles, [picture]),
            await ctx.run("untold", untold, [picture]),
        ]

    family = Stepped(script)
    async with opener(family) as sluice:
        await sluice.played()
    assert family.results["u00001"] == [2, {"a": "1 day, 0:00:00"}, [Picture("a", timedelta(1))]]


async def test_what_is_remembered_is_held_against_what_the_step_declares_now(
    opener: Opener,
) -> None:
    def then() -> str:
        return "2"

    def now() -> int:
        return 2

    functions: list[Any] = [then, now]

    async def script(item: str, ctx: Context) -> None:
        await ctx.run("it", functions.pop(0))
        if functions:
            raise RetryAfter(timedelta(milliseconds=10))

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class) == ("failed", "Unreadable")
    assert "remembers a str, and now declares int now" in (item.error_message or "")


async def test_a_plain_execute_has_no_steps(opener: Opener) -> None:
    class Plain(Recording):
        name = "plain"

        def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:  # type: ignore[override]  # the contract allows either
            ctx.run("work", str)
            return entity

    async with opener(Plain()) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.attempts, item.error_class) == (1, "StepMisused")
    assert "async def" in (item.error_message or "")


async def test_a_step_inside_a_step_is_refused_at_once(opener: Opener) -> None:
    calls = Calls()

    async def outer(ctx: Context) -> str:
        return await ctx.run("inner", calls.note, "inner")

    async def script(item: str, ctx: Context) -> str:
        return await ctx.run("outer", outer, ctx)

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class, item.attempts) == ("failed", "StepMisused", 1)
    assert "inside step 'outer'" in (item.error_message or "")
    assert calls.of == {}
