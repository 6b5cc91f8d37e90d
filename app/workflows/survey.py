"""Counting what a run would do: a dry run answers it, and layer 1 records it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from pydantic import BaseModel

from app.store.runs import Statistics
from app.workflows.bound import BoundFamily
from app.workflows.family import Context
from app.workflows.source import Source, unprocessed

SCAN_PAGE = 1_000
"""Ids filtered per round trip: memory stays bounded, and a round trip is well used."""
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Survey:
    statistics: Statistics
    sample: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """``seconds``: None where nothing bounds the run and no earlier run was measured."""

    seconds: float | None
    basis: str


async def survey(
    bound: BoundFamily,
    source: Source,
    params: BaseModel,
    ctx: Context,
    *,
    force: bool,
    limit: int | None,
    budget: float,
) -> Survey:
    """Count what is eligible, and stream the ids through ``existing``.

    Args:
        budget: seconds after which the rest is extrapolated from what was seen.
    """
    deadline = time.monotonic() + budget
    shown = SAMPLE if limit is None else min(SAMPLE, limit)
    total = await source.count()
    sample: list[str] = []
    if total is not None and (force or not bound.filters):
        page = await source.page(None, shown)
        return Survey(_statistics(total, total, 0, limit, exact=True), tuple(page.ids))

    seen = found = 0
    cursor: str | None = None
    while True:
        page = await source.page(cursor, SCAN_PAGE)
        left = list(page.ids) if force else await unprocessed(bound, page.ids, params, ctx)
        seen += len(page.ids)
        found += len(left)
        sample += left[: shown - len(sample)]
        cursor = page.next_cursor
        if cursor is None:
            # What was streamed is the newer truth: rows may have come or gone since the COUNT.
            return Survey(_statistics(seen, found, seen - found, limit, exact=True), tuple(sample))
        if time.monotonic() > deadline:
            if total is None:
                return Survey(Statistics(None, None, None, exact=False), tuple(sample))
            guess = round(total * found / seen) if seen else total
            statistics = _statistics(total, guess, total - guess, limit, exact=False)
            return Survey(statistics, tuple(sample))


def _statistics(
    total: int, to_process: int, already: int, limit: int | None, *, exact: bool
) -> Statistics:
    capped = to_process if limit is None else min(limit, to_process)
    return Statistics(total, capped, already, exact)


def estimate(bound: BoundFamily, statistics: Statistics, item_seconds: float | None) -> Estimate:
    """How long a run would take, from the flow control and the measured time of an item."""
    items = statistics.to_process
    if items is None:
        return Estimate(None, "the number of items is not known")
    if items == 0:
        return Estimate(0.0, "there is nothing to do")
    flow = bound.family.flow
    bounds: list[tuple[float, str]] = []
    work = flow.execute.seconds_for(items, item_seconds)
    if work is not None:
        measured = f", {item_seconds:.3g} s an item in earlier runs" if item_seconds else ""
        bounds.append((work, f"execute at {flow.execute}{measured}"))
    pages = math.ceil((statistics.total_eligible or items) / bound.family.page_size)
    chunks = math.ceil(items / bound.family.chunk_size)
    paging = flow.paginate.seconds_for(pages + chunks, None)
    if paging is not None:
        bounds.append((paging, f"paginate at {flow.paginate}"))
    if not bounds:
        return Estimate(None, "no flow control bounds it, and no earlier run was measured")
    seconds, basis = max(bounds)
    return Estimate(round(seconds, 1), basis)
