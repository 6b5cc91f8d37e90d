"""How late an idle worker is for what waits for a moment."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from app.engine.postgres import consumer
from app.workflows.family import Backoff, Context, RetryAfter
from tests.support.clocks.stretch import stretch
from tests.support.network.llm_server import Server, response
from tests.support.service import Opener, Sluice
from tests.support.stepped import Stepped

pytestmark = pytest.mark.alone

TIMES = 5
ALLOWED = 0.05
"""Seconds by which it may be late on a machine that does nothing else."""
NEVER = 3_600.0


class Exactly(Backoff):
    """Without its random part, so that a test knows what was asked for."""

    def delay(self, failures: int, chance: float) -> timedelta:
        return self.initial


class Patient(Stepped):
    backoff = Exactly(initial=timedelta(seconds=1))


class Clock:
    """Notes for each item when it began to wait."""

    def __init__(self) -> None:
        self.begun: dict[str, float] = {}
        self.late: list[float] = []
        self.server = Server()
        self.server.answers = [response(503, b"", "Retry-After: 1"), response(200, b"")] * TIMES

    def begins(self, item: str) -> bool:
        """Whether the item comes for the first time."""
        if item in self.begun:
            return False
        self.begun[item] = time.monotonic()
        return True

    def over(self, item: str, asked: float) -> None:
        self.late.append(time.monotonic() - self.begun[item] - asked)


Wait = Callable[[Clock, str, Context], Coroutine[Any, Any, None]]


async def sleep(clock: Clock, item: str, ctx: Context) -> None:
    clock.begins(item)
    await ctx.sleep("nap", timedelta(seconds=0.2))
    clock.over(item, 0.2)


async def question(clock: Clock, item: str, ctx: Context) -> None:
    clock.begins(item)
    await ctx.suspend("ask", timeout=timedelta(seconds=0.3))
    clock.over(item, 0.3)


async def backoff_of_a_step(clock: Clock, item: str, ctx: Context) -> None:
    async def once() -> None:
        if clock.begins(item):
            raise ValueError("not yet")
        clock.over(item, 0.25)

    await ctx.run("try", once, attempts=2, backoff=Exactly(initial=timedelta(seconds=0.25)))


async def retry_after_of_a_call(clock: Clock, item: str, ctx: Context) -> None:
    await ctx.call("call", "GET", f"http://127.0.0.1:{clock.server.port}/")
    refused, answered = clock.server.asked[-2:]  # how long the calls themselves take is no wait
    clock.late.append(answered - refused - 1)


async def retry_after(clock: Clock, item: str, ctx: Context) -> None:
    if clock.begins(item):
        raise RetryAfter(timedelta(seconds=0.3))
    clock.over(item, 0.3)


async def backoff(clock: Clock, item: str, ctx: Context) -> None:
    if clock.begins(item):
        raise ValueError("not yet")
    clock.over(item, 1)


@pytest.fixture
async def clock() -> AsyncIterator[Clock]:
    clock = Clock()
    await clock.server.start()
    yield clock
    await clock.server.stop()


@pytest.mark.parametrize(
    "wait", [sleep, question, backoff_of_a_step, retry_after_of_a_call, retry_after, backoff]
)
async def test_an_idle_worker_is_there_when_a_wait_is_over(
    opener: Opener, clock: Clock, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows when: it does not look by itself here. So what makes it late is the way there and
    this machine, which is quick for once among several times."""
    monkeypatch.setattr(consumer, "LOOK_EVERY", NEVER)

    async def script(item: str, ctx: Context) -> None:
        await wait(clock, item, ctx)

    async with opener(Patient(script)) as sluice:
        await sluice.add_users(TIMES)
        await slow_commits(sluice)
        stretched: list[float] = []
        async with sluice.worker():
            for item in range(1, TIMES + 1):
                # One by one: with others in hand, a worker looks more often.
                await sluice.ended(await sluice.start(item_ids=[f"u{item:05}"]))
                stretched.append(stretch())
    assert len(clock.late) == TIMES
    assert min(clock.late) >= 0
    late = [late / stretched for late, stretched in zip(clock.late, stretched, strict=True)]
    assert min(late) <= ALLOWED, (clock.late, stretched)


async def slow_commits(sluice: Sluice) -> None:
    """A commit that changes an item takes what it takes on a disk, where those of tests do not."""
    await sluice.sql(
        "CREATE FUNCTION flush() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_sleep(0.01); RETURN NULL; END'"
    )
    await sluice.sql(
        "CREATE CONSTRAINT TRIGGER flush AFTER UPDATE ON sluice.item DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION flush()"
    )
