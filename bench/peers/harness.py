"""What is measured of a contestant. Nothing here knows which one it is.

What was done is what the rows of ``peers.work`` say, which each item writes itself: one for each
time that it was done, with the worker that did it and the time by the database's clock.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import psutil

from bench.peers.contestant import Contestant, Place, Worker, living, tree_cpu

WARM = 200
"""Items for warming up, and the last numbers that there are."""
READY_WITHIN = 60.0
DONE_WITHIN = 600.0
LOOK_EVERY = 0.1

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS peers;
CREATE TABLE IF NOT EXISTS peers.work (
    item text NOT NULL, worker integer NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""
_SINCE_ALL_WORK = """
WITH began AS (SELECT min(at) AS at FROM peers.work GROUP BY worker)
SELECT count(*) FILTER (WHERE at > (SELECT max(at) FROM began)),
    extract(epoch FROM max(at) - (SELECT max(at) FROM began))
FROM peers.work
"""


@dataclass(frozen=True)
class Done:
    """What the rows say. ``at``: when the last of them was written, by the clock."""

    rows: int
    items: int
    at: float

    @property
    def doubled(self) -> int:
        return self.rows - self.items


class Harness:
    """One contestant at a time, on one database, which it has for itself."""

    def __init__(self, connection: asyncpg.Connection, place: Place, valkey: int) -> None:
        self._connection = connection
        self._place = place
        self._valkey = psutil.Process(valkey)

    async def prepare(self) -> None:
        await self._connection.execute(SCHEMA)

    async def rate(self, contestant: Contestant, workers: int, items: int) -> dict[str, float]:
        """Items a second from the first call to the last item, and microseconds an item: of the
        workers' processor, of the servers', and of the call."""
        async with self._ready(contestant, workers) as started:
            before = await self._cpu(started)
            sent = await contestant.enqueue(1, items, 0.0)
            done = await self._all(contestant, items)
            at = max(done.at, await contestant.ended_at() or 0.0)
            after = await self._cpu(started)
        cost = {name: (after[name] - before[name]) / items * 1e6 for name in after}
        return {
            "rate": items / (at - sent.began),
            "call": (sent.ended - sent.began) / items * 1e6,
            **cost,
            "doubled": done.doubled,
        }

    async def filled(self, contestant: Contestant, workers: int, items: int) -> dict[str, float]:
        """Items a second from a queue that was full before any worker was there: from when the last
        of them has done its first item."""
        async with self._cleared(contestant) as started:
            await contestant.enqueue(1, items, 0.0)
            started += [await contestant.start_worker(n + 1) for n in range(workers)]
            done = await self._all(contestant, items)
            rows, seconds = await self._connection.fetchrow(_SINCE_ALL_WORK)
        return {"rate": rows / float(seconds), "doubled": done.doubled}

    async def latency(self, contestant: Contestant, samples: int, pause: float) -> list[float]:
        """Milliseconds from the call to the row of its only item, each time after such a pause."""
        taken = []
        async with self._ready(contestant, 1):
            for number in range(1, samples + 1):
                await asyncio.sleep(pause)
                sent = await contestant.enqueue(number, 1, 0.0)
                done = await self._wait(number, within=READY_WITHIN)
                taken.append((done.at - sent.began) * 1_000)
                await contestant.ended_at()
        return taken

    async def kill(
        self, contestant: Contestant, seconds: float, within: float, grace: float
    ) -> dict[str, float | None]:
        """One of two workers is killed in the middle of items that take so long each, of which
        there are so many that the other one would do all of them in a second or two.

        Returns:
            ``seconds``: from the kill until each item was done once; None: some were not within the
            time. ``counted``: until the contestant itself had counted them. ``left``: not yet done
            at the kill.
        """
        items = contestant.at_once * round(1.2 / seconds)
        async with self._ready(contestant, 2) as [killed, _]:
            await contestant.enqueue(1, items, seconds)
            await self._both_have_done(max(1, items // 12))
            at = time.time()
            killed.signal(signal.SIGKILL)
            left = items - (await self._done()).items
            done = await self._wait(items, within=within)
            if done.items == items:
                await asyncio.sleep(grace)  # for what is done once more
                counted = await contestant.ended_at()
                done = await self._done()
            else:
                counted = None
            first = await self._first_of_all()
        return {
            "items": items,
            "left": left,
            "seconds": first - at if done.items == items else None,
            "counted": None if counted is None else counted - at,
            "lost": items - done.items,
            "doubled": done.doubled,
        }

    @asynccontextmanager
    async def _cleared(self, contestant: Contestant) -> AsyncIterator[list[Worker]]:
        """Nothing done and nothing queued; what is put into the list is stopped at the end.

        Raises:
            SystemExit: one of them has died.
        """
        workers: list[Worker] = []
        try:
            await contestant.prepare(self._place)
            await self._empty()
            async with living(workers):
                yield workers
        finally:
            for worker in workers:
                await worker.stop()
            await contestant.stop()

    @asynccontextmanager
    async def _ready(self, contestant: Contestant, number: int) -> AsyncIterator[list[Worker]]:
        """So many workers, each of which has already done something."""
        async with self._cleared(contestant) as workers:
            workers += [await contestant.start_worker(n + 1) for n in range(number)]
            await self._warm(contestant, number)
            await self._empty()
            yield workers

    async def _empty(self) -> None:
        """As nobody before has left it."""
        for statement in ("TRUNCATE peers.work", "VACUUM ANALYZE", "CHECKPOINT"):
            await self._connection.execute(statement)

    async def _warm(self, contestant: Contestant, number: int) -> None:
        until = time.monotonic() + READY_WITHIN
        seen: set[int] = set()
        while time.monotonic() < until:
            await self._connection.execute("TRUNCATE peers.work")
            await contestant.enqueue(self._place.items - WARM + 1, WARM, 0.01)
            done = await self._wait(WARM, within=until - time.monotonic())
            seen |= (await self._who()).keys()
            if done.items == WARM and len(seen) == number:
                await contestant.ended_at()
                return
            await contestant.ended_at()
        raise SystemExit(
            f"{contestant.name}: {number} workers were not ready: see bench/out/peers."
        )

    async def _both_have_done(self, least: int) -> None:
        until = time.monotonic() + READY_WITHIN
        while time.monotonic() < until:
            of = await self._who()
            if len(of) == 2 and sum(of.values()) >= least:
                return
            await asyncio.sleep(0.01)
        raise SystemExit("One of two workers did nothing.")

    async def _wait(self, items: int, *, within: float) -> Done:
        until = time.monotonic() + within
        while True:
            rows = await self._connection.fetchval("SELECT count(*) FROM peers.work")
            if rows >= items:
                done = await self._done()
                if done.items >= items:
                    return done
            if time.monotonic() >= until:
                return await self._done()
            await asyncio.sleep(LOOK_EVERY)

    async def _all(self, contestant: Contestant, items: int) -> Done:
        done = await self._wait(items, within=DONE_WITHIN)
        if done.items < items:
            raise SystemExit(f"{contestant.name} did {done.items} items of {items}.")
        return done

    async def _done(self) -> Done:
        rows, items, at = await self._connection.fetchrow(
            "SELECT count(*), count(DISTINCT item), max(at) FROM peers.work"
        )
        return Done(rows, items, at.timestamp() if at else 0.0)

    async def _first_of_all(self) -> float:
        """When the last item had been done once."""
        at = await self._connection.fetchval(
            "SELECT max(first) FROM (SELECT min(at) AS first FROM peers.work GROUP BY item) AS t"
        )
        return float(at.timestamp())

    async def _who(self) -> dict[int, int]:
        rows = await self._connection.fetch("SELECT worker, count(*) FROM peers.work GROUP BY 1")
        return {row[0]: row[1] for row in rows}

    async def _cpu(self, workers: Sequence[Worker]) -> dict[str, float]:
        backend = await self._connection.fetchval("SELECT pg_backend_pid()")
        postgres = psutil.Process(backend).parent()
        assert postgres is not None
        return {
            "worker": sum(worker.cpu() for worker in workers),
            "postgres": tree_cpu(postgres),
            "valkey": tree_cpu(self._valkey),
        }
