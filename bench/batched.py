"""What many items' calls as one come to: how many calls, and what an item costs."""

from __future__ import annotations

import time

from app.bootstrap import Urls
from bench.figures import Figure, at_most
from bench.support import Shape, ended, opened, start, workers

ITEMS = 10_000


async def batched_calls(urls: Urls) -> list[Figure]:
    """Items that each ask for an answer of a call that takes 50 ms and a hundred values."""
    shape = Shape(batched=0.05)
    async with opened(urls, shape, ITEMS) as service, workers(urls, shape, 1) as [worker]:
        before = sum(worker.cpu_times()[:2])
        began = time.perf_counter()
        run = await ended(service, await start(service))
        seconds = time.perf_counter() - began
        if run.succeeded != ITEMS:
            raise SystemExit(f"The run did not do its work: {run!r}")
        cost = (sum(worker.cpu_times()[:2]) - before) / ITEMS * 1e6
        counted = await service.redis.get(f"{service.settings.redis_prefix}:bench:calls")
    return [
        at_most(
            "batched: calls of 10,000 items, a hundred at a time", 110, int(counted or 0), "calls"
        ),
        Figure("batched: rate", "", round(ITEMS / seconds), "items/s", None),
        Figure("batched: a worker's processor an item", "", round(cost), "us", None),
    ]
