"""A run over items, from its start to its end, with one worker."""

from __future__ import annotations

import time
from dataclasses import dataclass

from app.bootstrap import Urls
from bench.support import Shape, ended, opened, start, workers


@dataclass(frozen=True)
class Measured:
    """Of one worker over a whole run. ``cost``: microseconds of its processor an item;
    ``memory``: resident, in MB."""

    rate: float
    cost: float
    memory: float


async def rate_of(urls: Urls, shape: Shape, items: int) -> Measured:
    async with opened(urls, shape, items) as service, workers(urls, shape, 1) as [worker]:
        before = sum(worker.cpu_times()[:2])
        began = time.perf_counter()
        run = await ended(service, await start(service))
        seconds = time.perf_counter() - began
        if run.succeeded != items:
            raise SystemExit(f"The run did not do its work: {run!r}")
        cost = (sum(worker.cpu_times()[:2]) - before) / items * 1e6
        return Measured(items / seconds, cost, worker.memory_info().rss / 1e6)
