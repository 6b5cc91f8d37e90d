"""One function per row of the design's table of targets. Each answers its figures."""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from app.bootstrap import Urls
from app.workflows.client import RunRequest
from app.workflows.family import FamilyParams
from bench.batched import batched_calls
from bench.called_items import called
from bench.crowd import medians
from bench.exports import exported
from bench.figures import Figure, at_least, at_most, measured
from bench.killed import killed_worker
from bench.old import OLD_ITEMS, beside_old_rows
from bench.partitions import beside_a_big_one, thousand
from bench.priorities import urgent_beside_bulk
from bench.profile import profile
from bench.rates import rate_of
from bench.raw import raw_rate
from bench.remembered import MANY, remembered_results
from bench.scraped import metrics
from bench.support import (
    Shape,
    ended,
    most_at_once,
    most_starts,
    opened,
    start,
    timings,
    workers,
)

ITEMS = 20_000


async def noop(urls: Urls) -> list[Figure]:
    """No-op items with item rows, exact counters and flow control on, beside raw PgQueuer."""
    figures = []
    for page_size, chunk_size, ratio, cost in ((50, 20, 1.2, 170), (500, 100, 1.5, 110)):
        # A limit that holds nothing back: the gate is asked, and is not what bounds the figure.
        shape = Shape(parallelism=1_000, page_size=page_size, chunk_size=chunk_size)
        ours, raw, settled = [], [], []
        for _ in range(3):  # in turns, because the machine is noisy
            ours.append(await rate_of(urls, shape, ITEMS))
            raw.append(await raw_rate(urls.database, ITEMS, page_size=page_size))
            settled.append(await raw_rate(urls.database, ITEMS, page_size=page_size, settled=True))
        rate = statistics.median(one.rate for one in ours)
        of = f"pages of {page_size}"
        figures += [
            at_least(f"noop: {of}, of raw PgQueuer", ratio, rate / statistics.median(raw), "ratio"),
            measured(
                f"noop: {of}, of raw PgQueuer that looks for garbage as seldom",
                rate / statistics.median(settled),
                "ratio",
            ),
            at_most(
                f"noop: {of}, a worker's processor an item",
                cost,
                statistics.median(one.cost for one in ours),
                "us",
            ),
            at_least(f"noop: {of}", 1_500, rate, "items/s"),
        ]
    return figures


async def steps(urls: Urls) -> list[Figure]:
    """Items of three steps, beside items that have none."""
    with_steps, without = [], []
    for _ in range(3):  # in turns, because the machine is noisy
        with_steps.append((await rate_of(urls, Shape(steps=3), ITEMS // 2)).rate)
        without.append((await rate_of(urls, Shape(), ITEMS // 2)).rate)
    share = statistics.median(with_steps) / statistics.median(without)
    return [at_least("steps: rate with three of that with none", 1 / 3, share, "ratio")]


async def growth(urls: Urls) -> list[Figure]:
    """A million items beside twenty thousand."""
    # Before and after, because a shared machine is not as fast at one minute as at another.
    small = [(await rate_of(urls, Shape(), ITEMS)).rate for _ in range(2)]
    large = await rate_of(urls, Shape(), 1_000_000)
    small += [(await rate_of(urls, Shape(), ITEMS)).rate for _ in range(2)]
    ratio = large.rate / statistics.median(small)
    return [
        at_least("growth: rate at 1,000,000 of that at 20,000", 0.9, ratio, "ratio"),
        at_most("growth: a worker's resident memory", 150, large.memory, "MB"),
    ]


async def ceiling(urls: Urls) -> list[Figure]:
    """200 items of 100 ms, ten at once, two workers."""
    shape = Shape(seconds=0.1, parallelism=10)
    shares, at_once = [], []
    async with opened(urls, shape, 200) as service, workers(urls, shape, 2):
        for _ in range(3):
            run = await ended(service, await start(service))
            spans = await timings(service, run.id)
            took = (max(e for _, e in spans) - min(b for b, _ in spans)).total_seconds()
            # The ceiling of these very items: a timer of 100 ms takes a little more than that.
            best = sum((e - b).total_seconds() for b, e in spans) / 10
            shares.append(best / took)
            at_once.append(most_at_once(spans))
    return [
        at_least(
            "ceiling: 200 x 100 ms, 10 at once, two workers",
            0.99,
            statistics.median(shares),
            "of it",
        ),
        at_most("ceiling: at once", 10, max(at_once), "items"),
    ]


async def rate(urls: Urls) -> list[Figure]:
    """50 a second over three workers."""
    shape = Shape(rate=50)
    async with opened(urls, shape, 400) as service, workers(urls, shape, 3):
        run = await ended(service, await start(service))
        spans = await timings(service, run.id)
    took = (spans[-1][0] - spans[0][0]).total_seconds()
    return [
        at_least("rate: 50/s over three workers", 0.98, (len(spans) - 1) / took / 50, "of it"),
        at_most("rate: in any second", 51, most_starts(spans, timedelta(seconds=1)), "starts"),
    ]


async def idle(urls: Urls) -> list[Figure]:
    """How soon the first item begins, and what a worker costs that has nothing to do."""
    shape = Shape()
    async with opened(urls, shape, 1) as service, workers(urls, shape, 1) as [worker]:
        waits = []
        for _ in range(20):
            run = await ended(service, await start(service))
            [(begin, _)] = await timings(service, run.id)
            waits.append((begin - run.created_at).total_seconds() * 1000)
            await asyncio.sleep(0.2)
        before = sum(worker.cpu_times()[:2])
        await asyncio.sleep(20)
        busy = (sum(worker.cpu_times()[:2]) - before) / 20
    return [
        at_most("idle: trigger to first item, median", 25, statistics.median(waits), "ms"),
        at_most("idle: a worker", 0.7, busy * 100, "% of a core"),
    ]


async def kill(urls: Urls) -> list[Figure]:
    """One of two workers killed with SIGKILL, without a limit and under one."""
    return await killed_worker(urls)


async def dry_run(urls: Urls) -> list[Figure]:
    """A million eligible items, of which Redis knows every third."""
    shape = Shape(cached=True)
    async with opened(urls, shape, 1_000_000) as service:
        for first in range(0, 1_000_000, 50_000):
            pipe = service.redis.pipeline(transaction=False)
            for n in range(first + 1, first + 50_001, 3):
                pipe.set(f"sluice-bench:bench:usr_{n:012}", "x")
            await pipe.execute()
        began = time.perf_counter()
        request = RunRequest(params=FamilyParams())
        found = await service.client.dry_run(service.families["bench"], request)
        seconds = time.perf_counter() - began
    exact = found.survey.statistics.exact
    return [at_most("dry run: 1,000,000 eligible", 8, seconds if exact else math.inf, "s, exact")]


async def more_workers(urls: Urls) -> list[Figure]:
    """One, two and four worker processes: items that do nothing, and items that take 20 ms."""
    figures = []
    for seconds, items in ((0.0, ITEMS), (0.02, ITEMS // 2)):
        shape, alone = Shape(seconds=seconds, parallelism=1_000), 0.0
        for number in (1, 2, 4):
            async with opened(urls, shape, items) as service, workers(urls, shape, number):
                began = time.perf_counter()
                run = await ended(service, await start(service))
                rate = items / (time.perf_counter() - began)
            if run.succeeded != items:
                raise SystemExit(f"The run did not do its work: {run!r}")
            alone = alone or rate
            of = f"workers: {number}, items of {seconds * 1_000:g} ms"
            figures += [
                Figure(of, "", round(rate), "items/s", None),
                Figure(f"{of}, of one worker", "", round(rate / alone, 2), "ratio", None),
            ]
    return figures


async def crowd(urls: Urls) -> list[Figure]:
    """Somebody else's calls while a token that may only read has hundreds under way."""
    peace, worst = await medians(urls)
    return [
        at_most(f"crowd: {path}, median ({peace[path]:.0f} in peace)", 200, milliseconds, "ms")
        for path, milliseconds in worst.items()
    ]


async def old(urls: Urls, items: int = OLD_ITEMS) -> list[Figure]:
    """A database that holds the items of ended runs, beside an empty one."""
    figures = []
    async for figure in beside_old_rows(urls, items):
        print(f"{figure.row}: {figure.value:g} {figure.unit}", flush=True)
        figures.append(figure)
    return figures


async def export(urls: Urls, items: int = MANY) -> list[Figure]:
    """A million items of a run as a file."""
    return await exported(urls, items)


async def remembered(urls: Urls, items: int = MANY) -> list[Figure]:
    """Items of a family that remembers, and a dry run over a million that are all remembered."""
    return await remembered_results(urls, items)


async def partitions(urls: Urls) -> list[Figure]:
    """No-op items of 1,000 partitions that are limited, beside those of none."""
    return await thousand(urls, ITEMS)


async def tenants(urls: Urls) -> list[Figure]:
    """A hundred tenants of ten items, beside one of 10,000 that is limited to one at once."""
    return await beside_a_big_one(urls, 10_000)


async def priority(urls: Urls) -> list[Figure]:
    """Twenty urgent items beside a bulk run that waits for the same flow key."""
    return await urgent_beside_bulk(urls, 5_000)


async def profiled(urls: Urls) -> list[Figure]:
    """Where the time of one item goes: a table to read, and no figure with a target."""
    await profile(urls)
    return []


ROWS: dict[str, Callable[[Urls], Awaitable[list[Figure]]]] = {
    "noop": noop,
    "steps": steps,
    "profile": profiled,
    "ceiling": ceiling,
    "rate": rate,
    "idle": idle,
    "kill": kill,
    "workers": more_workers,
    "dryrun": dry_run,
    "remembered": remembered,
    "partitions": partitions,
    "tenants": tenants,
    "priority": priority,
    "export": export,
    "metrics": metrics,
    "batched": batched_calls,
    "crowd": crowd,
    "called": called,
    "growth": growth,
    "old": old,
}
"""In the order in which they run."""
LONG = ("growth", "old")
"""They take minutes, and run only when they are named, or with ``all``."""
