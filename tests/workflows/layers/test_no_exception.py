"""What code raises that is no ``Exception``: a failed attempt, and the worker lives."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta

import pytest

from app.workflows.family import Context, Fatal, RetryAfter, Skip, Systemic
from tests.support.control import kinds, paused
from tests.support.families import Recording, Work
from tests.support.service import Opener, assert_exact
from tests.support.stepped import Calls, Stepped, remembered

BAD = "u00003"


async def cancelled_elsewhere() -> None:
    """Await what somebody else cancels: a token's refresh that several items share."""
    refresh = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(refresh.cancel)
    await refresh


async def cancels_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()  # as some libraries' timeouts do, which never take it back
    await asyncio.sleep(0)


def raises(error: BaseException) -> Work:
    def work(item_id: str, ctx: Context) -> None:
        raise error

    return work


KINDS: dict[str, Work] = {
    "CancelledError": lambda item_id, ctx: cancelled_elsewhere(),
    "SystemExit": lambda item_id, ctx: sys.exit(3),
    "KeyboardInterrupt": raises(KeyboardInterrupt()),
    "GeneratorExit": raises(GeneratorExit()),
    "StopIteration": raises(StopIteration()),
    "BaseException": raises(BaseException("odd")),
    "group": raises(BaseExceptionGroup("both", [SystemExit(1), ValueError("bad")])),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_no_exception_is_a_failed_attempt_and_its_neighbours_are_untouched(
    opener: Opener, kind: str
) -> None:
    def work(item_id: str, ctx: Context) -> object:
        ctx.spend(usd=0.5)
        return KINDS[kind](item_id, ctx) if item_id == BAD else None

    family = Recording(work)
    async with opener(family) as sluice:
        run = await sluice.played(30)
        rows = {row.item_id: row for row in await sluice.items(run.id)}
        assert_exact(run, list(rows.values()))
    assert (run.status, run.succeeded, run.failed) == ("partial", 29, 1)
    bad = rows.pop(BAD)
    assert (bad.status, bad.attempts) == ("failed", family.attempts)
    assert family.executed == dict.fromkeys(rows, 1) | {BAD: family.attempts}
    named = {"StopIteration": "RuntimeError", "group": "SystemExit"}.get(kind, kind)
    assert bad.error_class == named
    assert bad.error_message
    assert "Traceback" in str(bad.error_traceback)
    assert run.spent_usd == pytest.approx(0.5 * (29 + family.attempts))


@pytest.mark.parametrize("method", ["load", "execute", "save"])
@pytest.mark.parametrize("plain", [True, False])
async def test_a_method_that_asks_the_process_to_exit_fails_its_item_alone(
    opener: Opener, method: str, plain: bool
) -> None:
    class Exits(Recording):
        pass

    async def exits(self: Recording, entity: str, *rest: object) -> object:
        if entity == BAD:
            sys.exit(2)
        return await getattr(Recording, method)(self, entity, *rest)

    def plainly(self: Recording, entity: str, *rest: object) -> object:
        if entity == BAD:
            sys.exit(2)
        return entity

    setattr(Exits, method, plainly if plain else exits)
    async with opener(Exits()) as sluice:
        run = await sluice.played(10)
        rows = await sluice.items(run.id)
    assert (run.status, run.succeeded, run.failed) == ("partial", 9, 1)
    [bad] = [row for row in rows if row.status == "failed"]
    assert (bad.item_id, bad.error_class) == (BAD, "SystemExit")
    assert bad.error_message == "The code asked the process to exit: sys.exit(2)."


async def test_a_plain_method_that_raises_stop_iteration_fails_and_is_not_waited_for(
    opener: Opener,
) -> None:
    class Plain(Recording):
        def execute(self, entity: str, *rest: object) -> str:  # type: ignore[override]  # plain
            return next(iter(()))

    async with opener(Plain()) as sluice:
        run = await sluice.played(1)  # and so it has not been waited for, which has no end
        [row] = await sluice.items(run.id)
    assert (row.status, row.error_class) == ("failed", "RuntimeError")


async def test_code_that_cancels_its_own_task_is_not_executed_for_ever(opener: Opener) -> None:
    family = Recording(lambda item_id, ctx: cancels_itself())
    async with opener(family) as sluice:
        run = await sluice.played(2)
        rows = await sluice.items(run.id)
    assert [(row.status, row.error_class) for row in rows] == [("failed", "CancelledError")] * 2
    assert set(family.executed.values()) == {family.attempts}


async def grouped(*errors: BaseException) -> None:
    """Each raised by a task of one group, at the same moment."""

    async def fail(error: BaseException) -> None:
        raise error

    async with asyncio.TaskGroup() as group:
        for error in errors:
            group.create_task(fail(error))


async def test_a_group_of_skips_is_skipped(opener: Opener) -> None:
    family = Recording(lambda item_id, ctx: grouped(Skip("has left"), Skip("has left too")))
    async with opener(family) as sluice:
        run = await sluice.played(1)
        [row] = await sluice.items(run.id)
    assert row.status == "skipped"
    assert row.error_message == "has left (and 1 more error, in the traceback)"


async def test_fatal_in_a_group_fails_at_once(opener: Opener) -> None:
    family = Recording(lambda item_id, ctx: grouped(ValueError("x"), Fatal("no such account")))
    async with opener(family) as sluice:
        run = await sluice.played(1)
        [row] = await sluice.items(run.id)
    assert (row.status, row.attempts, row.error_class) == ("failed", 1, "Fatal")
    assert str(row.error_message).startswith("no such account")
    assert "ValueError: x" in str(row.error_traceback)


async def test_retry_after_in_a_group_puts_off_by_the_longest(opener: Opener) -> None:
    times: list[float] = []

    async def busy(item_id: str, ctx: Context) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            short, long = timedelta(milliseconds=10), timedelta(milliseconds=300)
            await grouped(RetryAfter(short), RetryAfter(long))

    async with opener(Recording(busy)) as sluice:
        run = await sluice.played(1)
        [row] = await sluice.items(run.id)
    assert (row.status, row.attempts, row.postponements) == ("succeeded", 1, 1)
    assert times[1] - times[0] >= 0.3


async def test_systemic_in_a_group_pauses_the_run_with_its_sentence(opener: Opener) -> None:
    family = Recording(
        lambda item_id, ctx: grouped(ValueError("x"), Systemic("the key is refused"))
    )
    async with opener(family) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            run = await paused(sluice, run_id)
        [row] = await sluice.items(run_id)
    assert (run.reason, row.status, row.attempts) == ("systemic", "pending", 0)
    assert str(run.detail).startswith("the key is refused")


@pytest.mark.parametrize("kind", ["CancelledError", "SystemExit", "GeneratorExit"])
async def test_a_step_that_raises_no_exception_is_tried_again(opener: Opener, kind: str) -> None:
    calls = Calls()

    async def shaky() -> str:
        calls.of["shaky"] += 1
        if calls.of["shaky"] == 1:
            outcome = KINDS[kind]("", None)  # type: ignore[arg-type]  # none of them asks for it
            assert outcome is not None
            await outcome  # type: ignore[misc]  # as Recording does
        return "well"

    async def script(item: str, ctx: Context) -> str:
        return str(await ctx.run("shaky", shaky, attempts=2))

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played(1)
        [step] = await remembered(sluice, run.id)
    assert (run.status, family.results, step.attempts) == ("succeeded", {"u00001": "well"}, 2)
    assert calls.of["shaky"] == 2


async def test_what_is_at_work_beside_a_foreign_cancellation_is_not_lost(opener: Opener) -> None:
    calls = Calls()

    async def slowly(what: str) -> str:
        await asyncio.sleep(0.2)
        return await calls.note(what)

    async def script(item: str, ctx: Context) -> None:
        beside = asyncio.create_task(_whole(ctx.run("slow", slowly, "slow")))
        await asyncio.sleep(0.05)
        if family.executed[item] == 1:
            await cancelled_elsewhere()
        await beside

    async def _whole(step: object) -> None:
        await step  # type: ignore[misc]  # what ctx.run answered

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played(1)
    assert (run.status, calls.of) == ("succeeded", {"slow": 1})


async def test_systemic_in_existing_pauses_the_run_and_a_resume_goes_on(opener: Opener) -> None:
    class Keyless(Recording):
        key: str | None = None

        async def existing(self, *_: object) -> set[str]:
            if self.key is None:
                raise Systemic("CRM_KEY is not set")
            return set()

    family = Keyless()
    async with opener(family) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker():
            run = await paused(sluice, run_id)
            assert (run.reason, run.detail) == ("systemic", "CRM_KEY is not set")
            family.key = "k"
            await sluice.service.api.control.resume(run_id, by="ops")
            run = await sluice.ended(run_id)
        assert await kinds(sluice, run_id) == [
            "created", "paused:systemic", "resumed", "begun", "ended:succeeded"
        ]  # fmt: skip
    assert run.succeeded == 3
