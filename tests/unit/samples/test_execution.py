"""Items of a sample that do not end although they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from app.store.statuses import ItemStatus
from app.workflows.attempts.attempt_result import AttemptResult, History, unix_us
from app.workflows.contract.context import Cost
from app.workflows.samples import execution
from app.workflows.samples.execution import SampleExecution
from app.workflows.samples.tally import SampleTally


@pytest.mark.parametrize("status", [ItemStatus.SUCCEEDED, ItemStatus.FAILED])
async def test_what_ends_after_the_answer_is_not_counted_once_more(
    monkeypatch: pytest.MonkeyPatch, status: ItemStatus
) -> None:
    monkeypatch.setattr(execution, "GRACE", 0.05)
    at_last = asyncio.Event()

    async def stubborn() -> AttemptResult:
        while not at_last.is_set():
            try:
                await at_last.wait()
            except asyncio.CancelledError:
                continue
        now = unix_us()
        return AttemptResult(status, History(), now, now, 1_000, spent=Cost(usd=1.0))

    async def preview(
        *_: object, turn: Callable[[Callable[[], Awaitable[AttemptResult]]], Any], **__: object
    ) -> AttemptResult:
        found: AttemptResult = await turn(stubborn)
        return found

    previews: Any = SimpleNamespace(preview=preview)
    nothing: Any = None
    tally, endless = SampleTally(), set[asyncio.Task[None]]()
    places, deadline = asyncio.Semaphore(1), asyncio.get_running_loop().time() + 0.05
    sample = SampleExecution(previews, nothing, nothing, tally, places, deadline)
    await sample.go(["a"], 1, endless)
    answered = (dict(tally.outcomes), tally.usd)
    assert tally.ended == tally.begun == 1
    at_last.set()
    await asyncio.gather(*endless, return_exceptions=True)
    assert (dict(tally.outcomes), tally.usd) == answered
