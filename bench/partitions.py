"""What limits of partitions cost, and that a full one stands in nobody's way."""

from __future__ import annotations

import asyncio
import statistics

from sqlalchemy import text

from app.bootstrap import Urls
from app.store.database import reading
from bench.figures import Figure, at_least, at_most, measured
from bench.rates import rate_of
from bench.support import BIG, Shape, ended, opened, start, workers

PAIRS = 5
"""Runs with and without, in turns: on a machine with other things to do single pairs differ by a
fourth."""
TENANTS = 100
EACH = 10
_ENDED = """
    SELECT min(scheduled_at), max(finished_at), count(finished_at) FROM sluice.item
    WHERE run_id = :run AND partition <> :big
"""
_BIG_BY_THEN = """
    SELECT count(*) FROM sluice.item
    WHERE run_id = :run AND partition = :big AND finished_at < :moment
"""


async def thousand(urls: Urls, items: int) -> list[Figure]:
    """No-op items of 1,000 partitions, each of which is limited, beside those of none."""
    shape = Shape(parallelism=1_000)
    limited = Shape(parallelism=1_000, partitions=1_000, per_partition=10)
    without, within = [], []
    for _ in range(PAIRS):
        without.append((await rate_of(urls, shape, items)).rate)
        within.append((await rate_of(urls, limited, items)).rate)
    share = statistics.median(within) / statistics.median(without)
    return [
        at_least("partitions: rate with 1,000 of that with none", 0.8, share, "ratio"),
        measured("partitions: rate with 1,000", statistics.median(within), "items/s"),
        measured("partitions: rate with none", statistics.median(without), "items/s"),
    ]


async def beside_a_big_one(urls: Urls, big: int) -> list[Figure]:
    """A tenant of many items that is limited to 1, whose ids come first, and a hundred of ten."""
    alone, beside, done = [], [], []
    for _ in range(3):
        alone.append((await _others(urls, 0))[0])
        seconds, of_big = await _others(urls, big)
        beside.append(seconds)
        done.append(of_big)
    ratio = statistics.median(beside) / statistics.median(alone)
    return [
        at_most(
            f"tenants: 100 of ten, beside one of {big:,}, of their time alone", 1.25, ratio, ""
        ),
        at_most("tenants: of the big one by then", 0.1, max(done) / big, "of it"),
    ]


async def _others(urls: Urls, big: int) -> tuple[float, int]:
    """Seconds from when the first of the hundred was read until the last has ended, and how many
    items of the big one had by then."""
    shape = Shape(seconds=0.02, parallelism=50, partitions=TENANTS, per_partition=1, big=big)
    async with opened(urls, shape, big + TENANTS * EACH) as service, workers(urls, shape, 2):
        run_id = await start(service)
        where: dict[str, object] = {"run": run_id, "big": BIG}
        ends = 0
        while ends < TENANTS * EACH:
            await asyncio.sleep(0.1)
            async with reading(service.database) as connection:
                began, end, ends = (await connection.execute(text(_ENDED), where)).one()
        async with reading(service.database) as connection:
            where["moment"] = end
            done = int(await connection.scalar(text(_BIG_BY_THEN), where) or 0)
        if big:
            await service.api.control.cancel(run_id, by="bench")
        await ended(service, run_id)
    return (end - began).total_seconds(), done
