"""A run in the hands of who started it."""

from __future__ import annotations

import asyncio

import pytest

from app.errors import NotFound
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener


async def test_who_starts_a_run_may_ask_for_its_status_and_wait_for_its_end(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await sluice.add_users(7)
        run = await sluice.service.client.of(Recording).trigger_process(limit=5)
        assert (await run.status()).status == "pending"
        with pytest.raises(TimeoutError):
            await run.result(timeout=0.05)
        async with sluice.worker():
            ended = await run.result(timeout=PATIENCE)
        assert (ended.status, ended.succeeded, ended.started_by) == ("succeeded", 5, "code")
        assert await run.result(timeout=PATIENCE) == ended


async def test_events_come_while_they_happen_and_end_with_the_run(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await sluice.add_users(3)
        run = await sluice.service.client.of(Recording).trigger_process()
        control = sluice.service.api.control
        seen: list[str] = []
        await control.pause(run.id, by="ops")
        async with asyncio.timeout(PATIENCE), sluice.worker():
            async for event in run.events():
                seen.append(event.kind)
                if event.kind == "paused":
                    await control.resume(run.id, by="ops")
        assert seen == ["created", "paused", "resumed", "begun", "ended"]
        again = [event.kind async for event in run.events()]
        assert again == seen
        [first, *_] = [event.id async for event in run.events()]
        assert first is not None
        rest = [event.kind async for event in run.events(after_id=first)]
        assert rest == seen[1:]


async def test_a_run_that_is_not_there_is_not_found(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        with pytest.raises(NotFound):
            await sluice.service.client.run("run_unknown").status()
