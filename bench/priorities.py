"""What a priority is good for: twenty items beside a bulk run that waits for the same flow key."""

from __future__ import annotations

import asyncio
import statistics

from sqlalchemy import text

from app.bootstrap import Service, Urls
from app.store.database import reading
from app.workflows.client import RunRequest
from app.workflows.contract.run_options import options_of
from app.workflows.family import FamilyParams
from bench.figures import Figure, at_least, at_most
from bench.support import Shape, opened, workers

URGENT = 20
_BEGUN = "SELECT count(*) FROM sluice.item WHERE run_id = :run AND started_at IS NOT NULL"
_STARTS = """
    SELECT extract(epoch FROM min(i.started_at) - r.created_at)::float8,
           extract(epoch FROM max(i.started_at) - r.created_at)::float8,
           min(i.started_at), max(i.started_at)
    FROM sluice.run r JOIN sluice.item i ON i.run_id = r.id
    WHERE r.id = :run GROUP BY r.created_at
"""
_OF_BULK = """
    SELECT count(*) FROM sluice.item
    WHERE run_id = :run AND started_at > :first AND started_at < :last
"""


async def urgent_beside_bulk(urls: Urls, bulk: int) -> list[Figure]:
    """How soon twenty items begin that are as urgent as the bulk run, or more: with one worker, and
    with two."""
    return [figure for number in (1, 2) for figure in await _figures(urls, bulk, number)]


async def _figures(urls: Urls, bulk: int, number: int) -> list[Figure]:
    of = f"priority, workers {number}"
    firsts, lasts, plain, shares = [], [], [], []
    for _ in range(3):
        plain.append((await _starts(urls, bulk, 2, number))[1])
        first, last, share = await _starts(urls, bulk, 9, number)
        firsts.append(first)
        lasts.append(last)
        shares.append(share)
    return [
        at_most(f"{of}: until the first of 20 begins", 1.0, statistics.median(firsts), "s"),
        at_most(f"{of}: until the last of 20 begins", 1.0, statistics.median(lasts), "s"),
        at_least(f"{of}: the same without", 1.0, statistics.median(plain), "s"),
        at_least(f"{of}: starts of the bulk run meanwhile", 1, min(shares), "items"),
    ]


async def _starts(urls: Urls, bulk: int, priority: int, number: int) -> tuple[float, float, int]:
    """Seconds from the start of the run until its first and its last item begin; and how many of
    the bulk run have begun in between."""
    shape = Shape(seconds=0.1, parallelism=10, overlaps=True)
    async with opened(urls, shape, bulk) as service, workers(urls, shape, number):
        of_bulk = await _start(service, 2)
        await _begun(service, of_bulk, 100)
        run_id = await _start(service, priority, ids=True)
        await _begun(service, run_id, URGENT)
        async with reading(service.database) as connection:
            first, last, since, until = (
                await connection.execute(text(_STARTS), {"run": run_id})
            ).one()
            where = {"run": of_bulk, "first": since, "last": until}
            meanwhile = int(await connection.scalar(text(_OF_BULK), where) or 0)
        return first, last, meanwhile


async def _start(service: Service, priority: int, *, ids: bool = False) -> str:
    bound = service.families["bench"]
    options = options_of(bound.family, priority=priority)
    async with reading(service.database) as connection:
        found = await connection.scalars(text(f"SELECT id FROM tests.users LIMIT {URGENT}"))  # noqa: S608
        some = list(found.all()) if ids else None
    request = RunRequest(params=FamilyParams(), item_ids=some, options=options)
    return (await service.client.trigger_process(bound, request, started_by="bench")).run_id


async def _begun(service: Service, run_id: str, number: int) -> None:
    while True:
        async with reading(service.database) as connection:
            if int(await connection.scalar(text(_BEGUN), {"run": run_id}) or 0) >= number:
                return
        await asyncio.sleep(0.05)
