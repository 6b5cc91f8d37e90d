"""Counting what a run would do: a dry run answers it, and layer 1 records it."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from pydantic import BaseModel

from app.workflows.contract.context import Context
from app.workflows.counting.eligibility_count import EligibilityCount, EligibilityTally
from app.workflows.counting.partition_sizes import PartitionTally, partition_sizes
from app.workflows.counting.reservoir import Reservoir
from app.workflows.item_partitions import partitioned
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.sources.distinct_ids import DistinctIds
from app.workflows.sources.item_source import (
    Source,
    Unprocessed,
    pages_of,
    unprocessed,
    without_result,
)
from app.workflows.sources.sql_source import SqlSource

SCAN_PAGE = 1_000
"""Ids filtered per round trip: memory stays bounded, and a round trip is well used."""


async def count_eligible(
    bound: BoundFamily,
    source: Source,
    params: BaseModel,
    ctx: Context,
    *,
    force: bool,
    limit: int | None,
    budget: float,
    canary: int = 0,
    overwrites: bool = False,
    partitions: bool = False,
    chance: random.Random | None = None,
) -> EligibilityCount:
    """Count what is eligible, and stream the ids through ``existing``.

    Args:
        budget: seconds after which the rest is extrapolated from what was seen; it is not of
            the sizes of partitions.
        canary: how many ids to choose, spread over all that are to be processed; past the budget,
            over those that were seen.
        overwrites: whether to look, with ``force``, how many have a result.
        partitions: whether to count how many each partition has, if partitions have limits.
    """
    deadline = time.monotonic() + budget
    count = partial(
        _count, bound,
        params=params, ctx=ctx, force=force, limit=limit, deadline=deadline, canary=canary,
        overwrites=overwrites and force and bound.filters, chance=chance,
    )  # fmt: skip
    if not (partitions and partitioned(bound)):
        return await count(source)
    if isinstance(source, SqlSource) and (force or not bound.filters):
        sizes = await partition_sizes(source, limit, budget)
        return replace(await count(source), partitions=sizes)
    of = PartitionTally(bound, source, params, ctx)
    found = await count(of.source, of=of)
    return replace(found, partitions=of.sizes(found.statistics.to_process))


async def _count(
    bound: BoundFamily,
    source: Source,
    *,
    params: BaseModel,
    ctx: Context,
    force: bool,
    limit: int | None,
    deadline: float,
    canary: int,
    overwrites: bool,
    chance: random.Random | None,
    of: PartitionTally | None = None,
) -> EligibilityCount:
    tally = EligibilityTally(limit, overwrites=overwrites, filters=bound.filters and not force)
    streamed = bool(canary or overwrites or tally.filters or of)
    total = await _total(source, beside=streamed)
    try:
        if not streamed and await total is not None:
            tally.total = total.result()
            return tally.unfiltered(await source.page(None, tally.shown))
        chosen = Reservoir(canary, chance or random.Random())  # noqa: S311 - a sample, no secret
        return await _stream(
            bound, source, tally, total, chosen,
            params=params, ctx=ctx, force=force, deadline=deadline, of=of,
        )  # fmt: skip
    except Exception:
        await total  # what is wrong with all of the rows says more than what a page ran into
        raise
    finally:
        total.cancel()
        await asyncio.gather(total, return_exceptions=True)


async def _total(source: Source, *, beside: bool) -> asyncio.Future[int | None]:
    """
    Args:
        beside: pages are read meanwhile. Of a SELECT, for others' code may not expect it.
    """
    if beside and isinstance(source, SqlSource):
        return asyncio.create_task(source.count())
    known: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    known.set_result(await source.count())
    return known


async def _stream(
    bound: BoundFamily,
    source: Source,
    tally: EligibilityTally,
    total: asyncio.Future[int | None],
    chosen: Reservoir,
    *,
    params: BaseModel,
    ctx: Context,
    force: bool,
    deadline: float,
    of: PartitionTally | None,
) -> EligibilityCount:
    known = DistinctIds() if source.repeats else None
    async with aclosing(pages_of(source, SCAN_PAGE)) as pages:
        while True:
            page = await anext(pages)
            ids = page.ids if known is None else known.fresh(page.ids)
            if tally.overwrites:
                within = tally.within_limit(ids)
                tally.overwritten += len(within) - len(
                    await without_result(bound, within, params, ctx)
                )
            looked = Unprocessed(list(ids)) if force else await unprocessed(bound, ids, params, ctx)
            if of is not None:
                await of.add(ids, tally.within_limit(looked.ids))
            tally.add(ids, looked)
            chosen.add(looked.ids)
            last, late = page.next_cursor is None, time.monotonic() > deadline
            enough = tally.overwrites and not chosen.size and tally.limit_is_reached
            if last or late or enough or total.done():
                tally.total = await total
            if last:
                return tally.whole(chosen.ids)
            if enough and tally.total is not None:
                return tally.limited()
            if late:
                return tally.extrapolated(chosen.ids)
