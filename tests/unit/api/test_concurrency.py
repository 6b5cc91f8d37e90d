"""So many calls at once: of each token, and in all."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from app.api.admission.concurrency import ConcurrencyLimit
from app.errors import TooManyTries
from tests.support.patience import PATIENCE


def limit(*, each: int = 2, total: int | None = None, patience: float = 0.05) -> ConcurrencyLimit:
    return ConcurrencyLimit("calls", each=each, total=total, patience=patience)


class Calls:
    """Calls under way, which end when they are let go."""

    def __init__(self, of: ConcurrencyLimit) -> None:
        self.limit = of
        self.inside: Counter[str] = Counter()
        self.began: list[str] = []
        self.let_go = asyncio.Event()

    async def make(self, token: str) -> None:
        async with self.limit.place(token):
            self.inside[token] += 1
            self.began.append(token)
            try:
                await self.let_go.wait()
            finally:
                self.inside[token] -= 1


async def settled() -> None:
    """Everything that can go on without time passing has."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_token_has_its_places_and_is_told_to_come_again_when_they_are_taken() -> None:
    calls = Calls(limit(each=2))
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(calls.make("a"))
        await settled()
        with pytest.raises(TooManyTries, match="The token a has 2 calls under way"):
            await calls.make("a")
        group.create_task(calls.make("b"))
        await settled()
        assert calls.inside == {"a": 2, "b": 1}
        calls.let_go.set()


async def test_who_waits_gets_the_place_of_one_that_ends() -> None:
    calls = Calls(limit(each=1, patience=10))
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(calls.make("a"))
        await settled()
        assert calls.inside == {"a": 1}
        calls.let_go.set()
    assert calls.began == ["a", "a", "a"]


async def test_all_tokens_together_have_a_bound_and_it_is_told() -> None:
    calls = Calls(limit(each=2, total=3))
    async with asyncio.TaskGroup() as group:
        for token in ("a", "a", "b"):
            group.create_task(calls.make(token))
        await settled()
        with pytest.raises(TooManyTries, match="There are 3 calls under way"):
            await calls.make("c")
        calls.let_go.set()


async def test_a_token_with_a_hundred_calls_in_line_lets_another_come_between() -> None:
    one_by_one = Calls(limit(each=1, total=1, patience=10))
    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            group.create_task(one_by_one.make("greedy"))
        await settled()
        group.create_task(one_by_one.make("other"))
        await settled()
        one_by_one.let_go.set()
    assert one_by_one.began[:3] == ["greedy", "other", "greedy"]
    assert len(one_by_one.began) == 101


@pytest.mark.parametrize("total", [None, 1])
async def test_a_place_is_free_again_whichever_way_a_call_ends(total: int | None) -> None:
    of = limit(each=1, total=total, patience=10)
    with pytest.raises(ZeroDivisionError):
        async with of.place("a"):
            raise ZeroDivisionError
    calls = Calls(of)
    held = asyncio.create_task(calls.make("a"))
    in_line = asyncio.create_task(calls.make("a"))
    await settled()
    in_line.cancel()
    held.cancel()
    await asyncio.gather(held, in_line, return_exceptions=True)
    async with asyncio.timeout(PATIENCE), of.place("a"):
        pass


async def test_who_gave_up_in_the_common_line_holds_none_of_its_own() -> None:
    of = limit(each=1, total=1)
    async with of.place("a"):
        with pytest.raises(TooManyTries):
            async with of.place("b"):
                raise AssertionError("it has no place")
    async with of.place("b"):
        pass
