"""The harness of ``make bench-peers`` counts right, with a contestant that loses and repeats."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from bench.peers.contestant import Place, Program, Sent
from bench.peers.harness import WARM, Harness
from bench.peers.jobs.work import item_ids
from tests.support.patience import PATIENCE

ITEMS = 24


@dataclass
class FakeWorker:
    signals: list[signal.Signals] = field(default_factory=list)
    stopped: bool = False

    def cpu(self) -> float:
        return 0.0

    def death(self) -> str | None:
        return None

    def signal(self, number: signal.Signals) -> None:
        self.signals.append(number)

    async def stop(self) -> None:
        self.stopped = True


@dataclass
class Fake:
    """Does what it is sent at once, by both of its workers in turn: but of the items that are
    measured it leaves out the last ones, and does the first ones twice."""

    connection: asyncpg.Connection
    lost: int = 0
    doubled: int = 0
    name: str = "fake"
    at_once: int = 2
    workers: list[FakeWorker] = field(default_factory=list)

    async def prepare(self, place: Place) -> None:
        self.workers.clear()

    async def start_worker(self, number: int) -> FakeWorker:
        self.workers.append(FakeWorker())
        return self.workers[-1]

    async def enqueue(self, first: int, count: int, seconds: float) -> Sent:
        began = time.time()
        ids = item_ids(first, count)
        if first == 1:
            ids = ids[: count - self.lost] + ids[: self.doubled]
        await self.connection.executemany(
            "INSERT INTO peers.work (item, worker) VALUES ($1, $2)",
            [(item, number % len(self.workers) + 1) for number, item in enumerate(ids)],
        )
        return Sent(began, time.time())

    async def ended_at(self) -> float | None:
        return None

    async def stop(self) -> None: ...


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.execute("DROP SCHEMA peers CASCADE")
    await connection.close()


@pytest.fixture
async def harness(connection: asyncpg.Connection) -> Harness:
    harness = Harness(connection, Place("", "", ITEMS + WARM), os.getpid())
    await harness.prepare()
    return harness


async def _killed(harness: Harness, fake: Fake) -> dict[str, float | None]:
    return await harness.kill(fake, seconds=0.1, within=0.3, grace=0.0)


async def test_what_was_done_once_is_neither_lost_nor_doubled(
    harness: Harness, connection: asyncpg.Connection
) -> None:
    fake = Fake(connection)
    found = await _killed(harness, fake)
    assert (found["items"], found["lost"], found["doubled"]) == (ITEMS, 0, 0)
    assert found["seconds"] is not None


async def test_what_no_row_tells_of_is_lost(
    harness: Harness, connection: asyncpg.Connection
) -> None:
    found = await _killed(harness, Fake(connection, lost=3))
    assert (found["lost"], found["doubled"], found["seconds"]) == (3, 0, None)


async def test_an_item_with_two_rows_makes_up_for_no_other(
    harness: Harness, connection: asyncpg.Connection
) -> None:
    found = await _killed(harness, Fake(connection, lost=2, doubled=5))
    assert (found["lost"], found["doubled"], found["seconds"]) == (2, 5, None)


async def test_doubled_items_are_told_beside_a_rate(
    harness: Harness, connection: asyncpg.Connection
) -> None:
    found = await harness.rate(Fake(connection, doubled=4), 2, ITEMS)
    assert found["doubled"] == 4
    assert found["rate"] > 0


async def test_one_worker_is_killed_and_both_are_stopped(
    harness: Harness, connection: asyncpg.Connection
) -> None:
    fake = Fake(connection)
    await _killed(harness, fake)
    assert [one.signals for one in fake.workers] == [[signal.SIGKILL], []]
    assert all(one.stopped for one in fake.workers)


@dataclass
class Dying(Fake):
    """Its second worker is a program that ends by itself, amid the items that are measured."""

    async def start_worker(self, number: int) -> Any:  # a worker, or a program
        if number == 1:
            return await super().start_worker(number)
        self.workers.append(FakeWorker())
        dies = "import sys, time; sys.stdin.readline(); sys.exit('No such table as work.')"
        self.program = await Program.started(
            [sys.executable, "-c", dies], os.environ, "dying", talks=True
        )
        return self.program

    async def enqueue(self, first: int, count: int, seconds: float) -> Sent:
        if first != 1:
            return await super().enqueue(first, count, seconds)
        assert self.program.process.stdin is not None
        self.program.process.stdin.write(b"\n")
        return Sent(time.time(), time.time())


async def test_a_worker_that_dies_ends_the_measuring_with_its_last_words(
    harness: Harness, connection: asyncpg.Connection
) -> None:
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(SystemExit, match=r"dying ended with 1.*\nNo such table as work\.$"):
            await harness.rate(Dying(connection), 2, ITEMS)
