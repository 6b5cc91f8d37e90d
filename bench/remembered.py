"""What remembered results cost: an item, a page and a dry run."""

from __future__ import annotations

import statistics
import time

from sqlalchemy import text

from app.bootstrap import Urls
from app.workflows.client import RunRequest
from app.workflows.family import FamilyParams
from bench.figures import Figure, at_most
from bench.rates import rate_of
from bench.support import Shape, opened

ITEMS = 20_000
MANY = 1_000_000
PAGES = 200

_FILL = """
    INSERT INTO sluice.remembered (memory_id, item_id, params_key, version, run_id)
    SELECT memory.id, users.id, '', 1, 'run_bench' FROM tests.users, sluice.memory
    WHERE family = 'bench'
"""


async def remembered_results(urls: Urls, many: int) -> list[Figure]:
    """Items of a family that remembers, beside one that does not; and so many remembered ones."""
    shape, beside = Shape(remembers=True), Shape()
    with_it, without = [], []
    for _ in range(3):  # in turns, because the machine is noisy
        with_it.append(await rate_of(urls, shape, ITEMS))
        without.append(await rate_of(urls, beside, ITEMS))
    rates = [statistics.median(one.rate for one in some) for some in (with_it, without)]
    costs = [statistics.median(one.cost for one in some) for some in (with_it, without)]
    return [
        Figure(
            "remembered: rate, of that without", "", round(rates[0] / rates[1], 2), "ratio", None
        ),
        Figure("remembered: processor an item", "", round(costs[0]), "us", None),
        Figure("remembered: the same without", "", round(costs[1]), "us", None),
        *await _many(urls, shape, many),
    ]


async def _many(urls: Urls, shape: Shape, many: int) -> list[Figure]:
    async with opened(urls, shape, many) as service:
        async with service.database.begin() as tx:
            await tx.execute(text(_FILL))
        bound = service.families["bench"]
        assert bound.memory is not None
        pages = {}
        for size in (50, 1_000):
            times = []
            for number in range(PAGES):
                first = number * ((many - size) // PAGES)
                ids = [f"usr_{n:012}" for n in range(first + 1, first + size + 1)]
                began = time.perf_counter()
                found = await bound.memory.look_up(ids, "")
                times.append(time.perf_counter() - began)
                assert len(found.present) == size
            pages[size] = statistics.median(times) * 1_000
        began = time.perf_counter()
        counted = await service.client.dry_run(bound, RunRequest(params=FamilyParams()))
        seconds = time.perf_counter() - began
    if (counted.already_processed, counted.to_process) != (many, 0):
        raise SystemExit(f"The dry run counted something else: {counted!r}")
    return [
        at_most(f"remembered: dry run of {many:,}, all of them remembered", 8, seconds, "s"),
        *(
            Figure(f"remembered: a page of {size:,}", "", round(took, 2), "ms", None)
            for size, took in pages.items()
        ),
    ]
