"""Values of many callers as few calls, each caller with its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.errors import LlmUnavailable
from app.store.pool import WAITER
from app.workflows.batching.gatherer import Answered, Gatherer, WrongAnswer
from app.workflows.contract.context import Cost, Meter
from app.workflows.contract.exceptions import RetryAfter, Systemic
from tests.support.patience import PATIENCE

NEVER = timedelta(hours=1)
SOON = timedelta(milliseconds=5)


class Doubling:
    """Answers twice each number, and fails as a whole where one of them is bad."""

    def __init__(self, bad: Sequence[int] = (), error: BaseException | None = None) -> None:
        self.calls: list[list[int]] = []
        self.bad = set(bad)
        self.error = error

    async def __call__(
        self, values: list[int], meter: Meter, begun: Callable[[], None]
    ) -> Sequence[Any]:
        begun()
        self.calls.append(values)
        meter.tokens += 10
        if bad := self.bad.intersection(values):
            raise self.error or ValueError(f"bad: {min(bad)}")
        return [2 * value for value in values]


def gatherer(call: Any, *, size: int = 100, within: timedelta = SOON) -> Gatherer:
    return Gatherer(call, name="double()", size=size, within=within)


async def answers(of: Gatherer, values: Sequence[object]) -> list[Answered]:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.gather(*map(of.answer, values))


async def test_what_comes_within_the_time_is_one_call_and_each_gets_its_own_answer() -> None:
    double = Doubling()
    found = await answers(gatherer(double), range(7))
    assert double.calls == [list(range(7))]
    assert [one.result for one in found] == [0, 2, 4, 6, 8, 10, 12]


async def test_a_call_that_is_full_goes_at_once() -> None:
    double = Doubling()
    found = await answers(gatherer(double, size=3, within=NEVER), range(6))
    assert double.calls == [[0, 1, 2], [3, 4, 5]]
    assert [one.error for one in found] == [None] * 6


async def test_a_call_is_made_in_nobodys_context() -> None:
    """Neither in that of who made the gatherer, nor of who asked first."""
    whose: ContextVar[str] = ContextVar("whose", default="nobody's")
    seen: list[str] = []

    async def call(values: list[int], _meter: Meter, begun: Callable[[], None]) -> list[int]:
        begun()
        seen.append(whose.get())
        return values

    whose.set("the first item's")
    await answers(gatherer(call), range(3))
    assert seen == ["nobody's"]


async def test_a_value_alone_does_not_wait_for_ever() -> None:
    double = Doubling()
    [found] = await answers(gatherer(double), [4])
    assert (found.result, double.calls) == (8, [[4]])


@given(number=st.integers(1, 60), bad=st.sets(st.integers(0, 59), max_size=4))
async def test_bad_values_are_found_and_spoil_no_other(number: int, bad: set[int]) -> None:
    double = Doubling(sorted(bad))
    found = await answers(gatherer(double), range(number))
    for value, one in enumerate(found):
        if value in bad:
            assert str(one.error) == f"bad: {value}"
        else:
            assert (one.error, one.result) == (None, 2 * value)
    # Each bad one costs two calls for each time that its call is halved.
    assert len(double.calls) <= 1 + 2 * len(bad) * number.bit_length()
    assert sum(one.spent.tokens for one in found) == 10 * len(double.calls)


async def test_an_exception_in_a_results_place_is_that_values_alone() -> None:
    async def call(values: list[int], *_: object) -> list[object]:
        return [ValueError("not this one") if value == 1 else value for value in values]

    found = await answers(gatherer(call), range(3))
    assert [one.result for one in found] == [0, None, 2]
    assert str(found[1].error) == "not this one"


def _refused(status: int) -> httpx2.HTTPStatusError:
    request = httpx2.Request("POST", "http://127.0.0.1/")
    return httpx2.HTTPStatusError("no", request=request, response=httpx2.Response(status))


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("nobody there"),
        TimeoutError(),
        httpx2.ConnectError("nobody there"),
        _refused(503),
        _refused(429),
        LlmUnavailable("The model did not answer."),
        RetryAfter(timedelta(seconds=5)),
        Systemic("The key is refused."),
        ExceptionGroup("both", [ValueError("one"), ConnectionResetError("gone")]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_where_nobody_answers_it_is_not_asked_again_for_each_half(
    error: BaseException,
) -> None:
    double = Doubling(range(8), error)
    found = await answers(gatherer(double), range(8))
    assert len(double.calls) == 1
    assert [one.error for one in found] == [error] * 8


async def test_a_request_that_is_refused_may_be_one_values_fault() -> None:
    double = Doubling([3], _refused(422))
    found = await answers(gatherer(double), range(8))
    assert [number for number, one in enumerate(found) if one.error] == [3]


@pytest.mark.parametrize("returned", [[1, 2], [1, 2, 3, 4], None, "abc", {"a": 1}])
async def test_another_number_of_results_fails_loudly_for_all(returned: object) -> None:
    calls = 0

    async def call(*_: object) -> Any:
        nonlocal calls
        calls += 1
        return returned

    found = await answers(gatherer(call), range(3))
    assert {type(one.error) for one in found} == {WrongAnswer}
    assert str(found[0].error).startswith("double() returned ")
    assert calls == 1


async def test_who_is_cancelled_leaves_and_the_others_go_on() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def call(values: list[int], *_: object) -> list[int]:
        begun.set()
        await go_on.wait()
        return values

    of = gatherer(call, size=2)
    async with asyncio.timeout(PATIENCE):
        early, late = (asyncio.create_task(of.answer(value)) for value in (1, 2))
        await begun.wait()
        early.cancel()
        await asyncio.wait([early])
        go_on.set()
        assert (await late).result == 2
        assert early.cancelled()
        while not of.idle:
            await asyncio.sleep(0)


async def test_a_call_that_all_have_left_is_cancelled_and_one_that_has_not_begun_is_not_made() -> (
    None
):
    begun, ended = asyncio.Event(), asyncio.Event()

    async def call(values: list[int], *_: object) -> list[int]:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return values

    of = gatherer(call, size=2, within=NEVER)
    async with asyncio.timeout(PATIENCE):
        unsent = asyncio.create_task(of.answer(0))
        await asyncio.sleep(0)
        unsent.cancel()
        await asyncio.wait([unsent])
        assert of.idle
        both = [asyncio.create_task(of.answer(value)) for value in (1, 2)]
        await begun.wait()
        for one in both:
            one.cancel()
        await ended.wait()
        await asyncio.wait(both)
        assert all(one.cancelled() for one in both)


async def test_a_call_whose_own_code_was_cancelled_leaves_nobody_waiting() -> None:
    async def call(*_: object) -> list[int]:
        raise asyncio.CancelledError

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(asyncio.CancelledError):
            await gatherer(call).answer(1)


async def test_what_a_call_costs_is_shared_and_nothing_is_lost() -> None:
    async def call(values: list[int], meter: Meter, begun: object) -> list[int]:
        meter.usd += 0.7
        meter.tokens += 8
        return values

    found = await answers(gatherer(call), range(3))
    assert [one.spent.tokens for one in found] == [3, 3, 2]
    assert sum(one.spent.usd for one in found) == pytest.approx(0.7)
    assert found[0].spent != Cost()


class Clock:
    """Tells whether its item's clock stands."""

    stands = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        self.stands = True
        yield
        self.stands = False

    def holds(self) -> None: ...
    def holds_no_more(self) -> None: ...


async def test_an_items_clock_stands_until_its_call_begins() -> None:
    clock, seen = Clock(), []
    turn, go_on = asyncio.Event(), asyncio.Event()

    async def call(values: list[int], meter: Meter, begun: Callable[[], None]) -> list[int]:
        assert WAITER.get() is None  # a call is of no item's clock
        await turn.wait()
        seen.append(clock.stands)
        begun()
        seen.append(clock.stands)
        await go_on.wait()
        return values

    of = gatherer(call)
    token = WAITER.set(clock)
    waiting = asyncio.create_task(of.answer(1))
    WAITER.reset(token)
    async with asyncio.timeout(PATIENCE):
        turn.set()
        go_on.set()
        await waiting
    assert seen == [True, False]
    assert not clock.stands
