"""A check that cannot say that all is well says no, and is told once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import timedelta
from typing import Any

import pytest

from app.workflows.contract.throttle import Check, Throttle
from app.workflows.family import Context
from app.workflows.throttles.check_call import LONGEST_SENTENCE, CheckCall
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.throttles.throttled_family import holds_of

FAILED = "throttle_check_failed"


def call_of(sluice: Sluice, check: Check, **more: Any) -> CheckCall:  # as CheckCall takes them
    bound = sluice.bound()
    return CheckCall(
        Throttle(check), "recording", lambda: Context(sluice.service.services, "recording"),
        bound.awaitable, **more,
    )  # fmt: skip


async def raises(_ctx: Context) -> str | None:
    raise ValueError("no index")


async def exits(_ctx: Context) -> str | None:
    raise SystemExit(3)


async def is_cancelled(_ctx: Context) -> str | None:
    raise asyncio.CancelledError


async def says_five(_ctx: Context) -> str | None:
    return 5  # type: ignore[return-value]


async def says_false(_ctx: Context) -> str | None:
    return False  # type: ignore[return-value]


def plain_raises(_ctx: Context) -> str | None:
    raise StopIteration


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (raises, "raises() of recording raised ValueError: no index"),
        (exits, "exits() of recording raised SystemExit"),
        (is_cancelled, "is_cancelled() of recording raised CancelledError"),
        (says_five, "says_five returned 5, and neither None nor a sentence"),
        (says_false, "says_false returned False, and neither None nor a sentence"),
        (plain_raises, "plain_raises() of recording raised RuntimeError"),
    ],
)
async def test_whatever_goes_wrong_is_a_no_and_is_logged_once(
    opener: Opener, logged: list[MutableMapping[str, Any]], check: Check, says: str
) -> None:
    async with opener(Recording()) as sluice:
        call = call_of(sluice, check)
        for _ in range(3):
            assert says in (await call.ask() or "")
        told = [entry for entry in logged if entry["event"] == FAILED]
        assert [(entry["state"], entry["of"]) for entry in told] == [("began", "recording")]


async def test_a_check_that_recovers_is_told_as_well(
    opener: Opener, logged: list[MutableMapping[str, Any]]
) -> None:
    ill = True

    async def check(_ctx: Context) -> str | None:
        if ill:
            raise ValueError
        return None

    async with opener(Recording()) as sluice:
        call = call_of(sluice, check)
        assert await call.ask()
        ill = False
        assert await call.ask() is None
        assert [one["state"] for one in logged if one["event"] == FAILED] == ["began", "ended"]


async def test_one_that_hangs_is_a_no_in_its_time_and_is_cancelled(
    opener: Opener, logged: list[MutableMapping[str, Any]]
) -> None:
    hung: list[str] = []

    async def hangs(_ctx: Context) -> str | None:
        try:
            await asyncio.Event().wait()
        finally:
            hung.append("cancelled")
        return None

    async with opener(Recording()) as sluice:
        call = call_of(sluice, hangs, seconds=0.1)
        assert await call.ask() == f"{call.throttle.name} has not answered within 0.1 s"
        assert await call.ask() == f"{call.throttle.name} has not answered within 0.1 s"
        async with asyncio.timeout(PATIENCE):
            while len(hung) < 2:
                await asyncio.sleep(0)
        [told] = [entry for entry in logged if entry["event"] == FAILED]
        assert told["error"] == f"NoAnswer: {call.throttle.name} has not answered within 0.1 s"
        assert "reason" not in told  # it is no server of ours that does not answer


async def test_who_asks_while_another_has_waited_is_told_the_same_and_it_is_begun_anew_once(
    opener: Opener,
) -> None:
    begun = 0

    async def hangs(_ctx: Context) -> str | None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()
        return None

    async with opener(Recording()) as sluice:
        call = call_of(sluice, hangs, seconds=0.5)
        says = f"{call.throttle.name} has not answered within 0.5 s"
        first = asyncio.create_task(call.ask())
        await asyncio.sleep(0.05)  # a part of its time
        assert set(await asyncio.gather(first, call.ask())) == {says}
        assert begun == 1
        assert await call.ask() == says
        assert await asyncio.gather(*(call.ask() for _ in range(3))) == [says] * 3
        assert begun == 3


async def test_one_that_blocks_its_thread_has_one_thread_and_not_one_more_each_time(
    opener: Opener,
) -> None:
    let_go, begun = threading.Event(), 0

    def blocks(_ctx: Context) -> str | None:
        nonlocal begun
        begun += 1
        let_go.wait(PATIENCE)
        return "and then it answers"

    async with opener(Recording()) as sluice:
        call = call_of(sluice, blocks, seconds=0.1)
        try:
            for _ in range(4):
                assert "has not answered" in (await call.ask() or "")
            assert begun == 1
        finally:
            let_go.set()
        async with asyncio.timeout(PATIENCE):
            while await call.ask() != "and then it answers":
                pass
        assert begun <= 2


async def test_a_sentence_is_bounded(opener: Opener) -> None:
    async def long(_ctx: Context) -> str | None:
        return " x" * 10_000

    async with opener(Recording()) as sluice:
        assert len(await call_of(sluice, long).ask() or "") <= LONGEST_SENTENCE


async def test_those_who_ask_at_once_have_one_answer_and_a_shared_one_is_kept(
    opener: Opener,
) -> None:
    asked = 0

    async def check(_ctx: Context) -> str | None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return "ill"

    async with opener(Recording()) as sluice:
        call = call_of(sluice, check)
        assert await asyncio.gather(*(call.ask() for _ in range(5))) == ["ill"] * 5
        assert asked == 1
        await call.ask()
        assert asked == 2
        shared = call_of(sluice, check, kept=True)
        for _ in range(5):
            assert await shared.ask() == "ill"
        assert asked == 3


class Slow(Recording):
    """A check that takes until the test lets it go, and one that answers at once."""

    def __init__(self, name: str, check: Callable[[Context], Awaitable[str | None]]) -> None:
        super().__init__()
        self.name = name  # type: ignore[misc]  # a class's, and here of one object
        self.throttle = [  # type: ignore[misc]
            Throttle(check, backoff=timedelta(seconds=0.1), every=timedelta(seconds=0.1))
        ]


async def test_a_slow_check_keeps_no_other_family_from_going_on(opener: Opener) -> None:
    let_go, said = asyncio.Event(), ["ill"]

    async def slow(_ctx: Context) -> str | None:
        await let_go.wait()
        return None

    async def quick(_ctx: Context) -> str | None:
        return said[0] or None

    async with (
        opener(Slow("slow", slow), Slow("quick", quick), watchdog_seconds=0.2) as sluice,
        sluice.worker(),
    ):
        await sluice.add_users(5)
        waits, runs = await sluice.start("slow"), await sluice.start("quick")
        async with asyncio.timeout(PATIENCE):
            while await holds_of(sluice) != [("quick", "ill")]:
                await asyncio.sleep(0.01)
        said[0] = ""
        assert (await sluice.ended(runs)).succeeded == 5
        assert (await sluice.run(waits)).status == "pending"
        let_go.set()
        assert (await sluice.ended(waits)).succeeded == 5


async def test_several_checks_are_all_asked_and_one_no_is_enough(opener: Opener) -> None:
    async def well(_ctx: Context) -> str | None:
        return None

    async def ill(_ctx: Context) -> str | None:
        return "one is ill"

    def worse(_ctx: Context) -> str | None:
        assert threading.current_thread() is not threading.main_thread()
        return "another is worse"

    family = Recording()
    family.throttle = [Throttle(well), Throttle(ill), Throttle(worse)]  # type: ignore[misc]
    async with opener(family) as sluice:
        await sluice.service.throttles.look("recording")
        assert await holds_of(sluice) == [("recording", "one is ill; another is worse")]
