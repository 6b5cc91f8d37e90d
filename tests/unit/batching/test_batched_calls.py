"""What a worker keeps of its batched calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from app.flow.limits import FlowControl
from app.workflows.batching.batched_calls import BatchedCalls
from app.workflows.contract.steps.batched_method import Batching
from tests.support.patience import PATIENCE


@asynccontextmanager
async def _open(_key: str) -> AsyncIterator[None]:
    yield


async def _run(_run_id: str) -> SimpleNamespace:
    return SimpleNamespace(params=None)


def batched_calls() -> BatchedCalls:
    gate: Any = SimpleNamespace(call=_open)
    runs: Any = SimpleNamespace(get=_run)
    return BatchedCalls(gate, runs, lambda *_, **__: SimpleNamespace())  # type: ignore[arg-type]  # stand-ins


def family(double: Any, within: timedelta = timedelta(milliseconds=5)) -> Any:
    how = Batching(size=2, within=within, flow=FlowControl())
    return SimpleNamespace(
        name="a", redactor=None, batching={"double": how}, batched=lambda _: double
    )


async def settled(calls: BatchedCalls) -> None:
    async with asyncio.timeout(PATIENCE):
        while calls._gatherers:
            await asyncio.sleep(0.01)


async def test_nothing_is_kept_of_a_run_whose_calls_have_been_answered() -> None:
    async def double(values: list[int], *_: object) -> list[int]:
        return [2 * value for value in values]

    calls, bound = batched_calls(), family(double)
    asked = [calls.answer(bound, "run_1", "double", n, lambda **_: None) for n in range(3)]
    assert await asyncio.gather(*asked) == [0, 2, 4]
    await settled(calls)


async def test_nor_of_one_whose_items_have_all_left_their_call() -> None:
    begun = asyncio.Event()

    async def endless(*_: object) -> list[int]:
        begun.set()
        await asyncio.Event().wait()
        return []

    calls = batched_calls()
    item = asyncio.create_task(
        calls.answer(family(endless), "run_1", "double", 1, lambda **_: None)
    )
    await begun.wait()
    item.cancel()
    await asyncio.gather(item, return_exceptions=True)
    await settled(calls)


async def test_nor_of_one_whose_items_have_left_before_their_call() -> None:
    calls = batched_calls()
    bound = family(None, within=timedelta(hours=1))
    item = asyncio.create_task(calls.answer(bound, "run_1", "double", 1, lambda **_: None))
    await asyncio.sleep(0)
    assert calls._gatherers
    item.cancel()
    await asyncio.gather(item, return_exceptions=True)
    assert not calls._gatherers
