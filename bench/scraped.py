"""What metrics cost: an item, beside one that nothing is counted of; and a scrape.

Whole runs are compared, which tells something on a quiet machine alone: where it has other work,
two runs differ by far more than a hundredth. So what is done for an item besides is timed by itself
as well, and that has the target.
"""

from __future__ import annotations

import statistics
import time

from app.bootstrap import Urls
from app.metrics.meter import TOGETHER, WorkMeter
from bench.figures import Figure, at_most, measured
from bench.rates import Measured, rate_of
from bench.support import Shape, opened

ITEMS = 20_000
TURNS = 5
MOST = 1.0
"""Percent of what an item costs."""
SCRAPES = 20


async def metrics(urls: Urls) -> list[Figure]:
    """No-op items with metrics, beside the same without; and how long the document takes."""
    shape, beside = Shape(metrics=True), Shape()
    with_them: list[Measured] = []
    without: list[Measured] = []
    for turn in range(TURNS):  # in turns, and either one first, because the machine is noisy
        for one in (shape, beside) if turn % 2 else (beside, shape):
            (with_them if one.metrics else without).append(await rate_of(urls, one, ITEMS))
    cost, other = (statistics.median(one.cost for one in some) for some in (with_them, without))
    rates = [w.rate / o.rate for w, o in zip(with_them, without, strict=True)]
    alone = statistics.median(_alone() for _ in range(TURNS))
    return [
        measured("metrics: rate, of that without", statistics.median(rates), "ratio"),
        measured("metrics: processor an item", cost, "us"),
        measured("metrics: the same without", other, "us"),
        measured("metrics: what counting takes by itself", alone, "us an item"),
        at_most("metrics: that, of an item's processor", MOST, alone / other * 100, "%"),
        *await _scrapes(urls, shape),
    ]


def _alone() -> float:
    """Microseconds of the processor: all that is done for an item because somebody may scrape, in
    chunks of 20 and commits of 100."""
    meter, number = WorkMeter(["bench"]), 100 * TOGETHER
    waited = meter.waits("bench", "execute")
    began = time.process_time()
    for item in range(number):
        due = time.perf_counter()
        execute = time.perf_counter()
        save = time.perf_counter()
        late = max(execute - due, 0.0)
        meter.attempted("bench", "run_bench", late, save - execute, time.perf_counter() - save)
        if item % 20 == 0:
            waited(0.001)
            meter.claimed("bench", 20, 0)
        if item % 100 == 0:
            meter.ended("bench", {"succeeded": 100})
    return (time.process_time() - began) / number * 1e6


async def _scrapes(urls: Urls, shape: Shape) -> list[Figure]:
    async with opened(urls, shape, 1) as service:
        assert service.metrics is not None
        figures = []
        for whole, name in ((False, "a worker's"), (True, "an API's")):
            took = []
            for _ in range(SCRAPES):
                service.metrics.service.forget()  # as if nobody had asked just before
                began = time.perf_counter()
                await service.metrics.document("", whole=whole)
                took.append(time.perf_counter() - began)
            figures.append(
                measured(f"metrics: a scrape of {name}", statistics.median(took) * 1_000, "ms")
            )
        return figures
