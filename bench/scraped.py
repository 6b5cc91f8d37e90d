"""What metrics cost: an item, beside one that nothing is counted of; and a scrape."""

from __future__ import annotations

import statistics
import time

from app.bootstrap import Urls
from app.metrics.meter import TOGETHER, WorkMeter
from bench.figures import Figure, at_most, measured
from bench.rates import Measured, rate_of
from bench.support import Shape, opened

ITEMS = 20_000
TURNS = 9
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
    costs = [statistics.median(one.cost for one in some) for some in (with_them, without)]
    # Of two that ran one after the other, which met the same machine.
    more = [w.cost / o.cost - 1 for w, o in zip(with_them, without, strict=True)]
    rates = [w.rate / o.rate for w, o in zip(with_them, without, strict=True)]
    return [
        at_most(
            "metrics: a worker's processor an item, more than without",
            MOST,
            statistics.median(more) * 100,
            "%",
        ),
        measured("metrics: rate, of that without", statistics.median(rates), "ratio"),
        measured("metrics: processor an item", costs[0], "us"),
        measured("metrics: the same without", costs[1], "us"),
        measured("metrics: the meter, by itself", _meter_alone(), "us an item"),
        *await _scrapes(urls, shape),
    ]


def _meter_alone() -> float:
    """Microseconds of the processor that it takes to be told of an attempt, and to count it."""
    meter, number = WorkMeter(["bench"]), 100 * TOGETHER
    began = time.process_time()
    for _ in range(number):
        meter.attempted("bench", "run_bench", 1e-3, 1e-5, 1e-5)
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
