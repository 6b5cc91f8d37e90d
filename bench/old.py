"""A database that holds millions of items of ended runs, beside one that holds none.

Both are on the same server, and whatever is compared is done in turns.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import httpx2
from fastapi import FastAPI
from sqlalchemy import text

from app.api.app import build_app
from app.bootstrap import Service, Urls
from app.migrate import ensure_database
from app.store import retention
from app.store.database import reading
from app.workflows.worker.retention_loop import RESTS
from bench.ended_runs import DAYS, PER_RUN, fill
from bench.figures import Figure
from bench.profile import Watch
from bench.support import (
    DATABASE,
    Bench,
    Shape,
    bench_settings,
    ended,
    opened,
    start,
    workers,
)

OLD_ITEMS = 10_000_000
NEW_ITEMS = 20_000
ROUNDS = 3
READS = 60
SHOWN_RUNS = 20
SHAPE = Shape(parallelism=1_000)
READER = "secret-of-the-reader-0123456789"
TOKENS = f"reader[read]:{READER}"
BESIDE = {False: "empty", True: "old"}
_SIZE = "SELECT pg_total_relation_size('sluice.item'), (SELECT count(*) FROM sluice.item)"
_WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"


async def beside_old_rows(urls: Urls, items: int) -> AsyncIterator[Figure]:
    """Figures of the old database, each with its share of what the empty one does."""
    places = {
        False: urls,
        True: Urls(await ensure_database(urls.database, f"{DATABASE}_old"), urls.redis),
    }
    try:
        async with opened(places[True], SHAPE, NEW_ITEMS) as service:
            runs = await fill(service.database, items // PER_RUN)
            size, rows = await _one_row(service, _SIZE)
            yield Figure("old: rows", "", rows, "items", None)
            yield Figure("old: an item's row with its index", "", round(size / rows), "bytes", None)
        async for figure in _rates(places):
            yield figure
        async with opened(places[False], SHAPE, NEW_ITEMS) as service:
            few = await fill(service.database, SHOWN_RUNS)
        async for figure in _reads(places, runs, few):
            yield figure
        async for figure in _pruned(places[True]):
            yield figure
    finally:  # gigabytes that nobody needs
        async with opened(places[True], SHAPE, 0):
            pass


async def _rates(places: Mapping[bool, Urls]) -> AsyncIterator[Figure]:
    measured: dict[bool, list[tuple[float, ...]]] = {False: [], True: []}
    size = 0
    for turn in range(2 * ROUNDS):
        old = turn % 2 == 1
        async with opened(places[old], SHAPE, NEW_ITEMS, keep=old) as service:
            [before] = await _one_row(service, _WAL)
            watched = await _watched(service, places[old])
            [after] = await _one_row(service, _WAL)
            measured[old].append((*watched, (after - before) / NEW_ITEMS))
            if not old:
                [size, _] = await _one_row(service, _SIZE)
    yield Figure("old: a no-op item's row with its index", "", size / NEW_ITEMS, "bytes", None)
    kinds = (("", "items/s"), (", worker", "us"), (", Postgres", "us"), (", WAL", "bytes"))
    for place, (kind, unit) in enumerate(kinds):
        values = {old: [one[place] for one in all_of_it] for old, all_of_it in measured.items()}
        for old, name in BESIDE.items():
            told = f"old: no-op items{kind}, {name} database ({_span(values[old])})"
            yield Figure(told, "", round(statistics.median(values[old])), unit, None)
        yield _ratio(f"old: no-op items{kind}", values[True], values[False])


async def _watched(service: Service, urls: Urls) -> tuple[float, float, float]:
    """Items a second, and microseconds of the worker's processor and of Postgres' an item."""
    connection = await asyncpg.connect(urls.database)
    try:
        async with workers(urls, SHAPE, 1) as [worker]:
            valkey = (await service.redis.info("server"))["process_id"]
            seconds, cpu = await Watch(connection, worker, valkey).run(service)
    finally:
        await connection.close()
    postgres = sum(spent for name, spent in cpu.items() if name.startswith("Postgres"))
    return NEW_ITEMS / seconds, cpu["worker"] / NEW_ITEMS * 1e6, postgres / NEW_ITEMS * 1e6


async def _rate(service: Service, urls: Urls) -> float:
    async with workers(urls, SHAPE, 1):
        began = time.perf_counter()
        run = await ended(service, await start(service))
        seconds = time.perf_counter() - began
    if run.succeeded != NEW_ITEMS:
        raise SystemExit(f"The run did not do its work: {run!r}")
    return NEW_ITEMS / seconds


async def _reads(
    places: Mapping[bool, Urls], runs: list[str], few: list[str]
) -> AsyncIterator[Figure]:
    """Medians of calls that alternate between the databases."""
    async with AsyncExitStack() as stack:
        calls = {}
        for old, urls in places.items():
            service = await stack.enter_async_context(opened(urls, SHAPE, 0, keep=True))
            calls[old] = await stack.enter_async_context(_api(service))
        which = [(False, "the only", few[-1]), (True, "an old", runs[0]), (True, "a new", runs[-1])]
        asked: dict[str, list[tuple[bool, str, str]]] = {}
        for old, name, run in which:
            deep = await _deep(calls[old], run)
            for page, query in {
                "first page": "", "deep page": f"cursor={deep}&", "failed": "status=failed&",
            }.items():  # fmt: skip
                path = f"/api/runs/{run}/items?{query}limit=50"
                asked.setdefault(f"items, {page}", []).append((old, f"{name} run", path))
        for name, path in {
            "runs": f"/api/runs?limit={SHOWN_RUNS}", "overview": "/api/overview",
        }.items():  # fmt: skip
            asked[name] = [(old, f"{BESIDE[old]} database", path) for old in places]
        for what, ways in asked.items():
            taken: dict[str, list[float]] = {name: [] for _, name, _ in ways}
            for _ in range(READS):
                for old, name, path in ways:
                    began = time.perf_counter()
                    (await calls[old].get(path)).raise_for_status()
                    taken[name].append((time.perf_counter() - began) * 1_000)
            first, *others = taken
            for name, times in taken.items():
                median = round(statistics.median(times), 2)
                yield Figure(f"old: {what}, {name}", "", median, "ms", None)
            for name in others:
                yield _ratio(f"old: {what}, {name} of {first}", taken[name], taken[first])


@asynccontextmanager
async def _api(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    @asynccontextmanager
    async def nothing_opens(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = build_app(
        [Bench(SHAPE)], bench_settings(SLUICE_TOKENS=TOKENS).tokens, lifespan=nothing_opens
    )
    app.state.api = service.api
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app),
        base_url="http://bench.test",
        headers={"Authorization": f"Bearer {READER}"},
    ) as client:
        yield client


async def _deep(client: httpx2.AsyncClient, run_id: str) -> str:
    """The cursor behind half of a run."""
    cursor = ""
    for _ in range(PER_RUN // 200 // 2):
        query = {"limit": "200", **({"cursor": cursor} if cursor else {})}
        answer = await client.get(f"/api/runs/{run_id}/items", params=query)
        cursor = answer.raise_for_status().json()["nextCursor"]
    return cursor


async def _pruned(urls: Urls) -> AsyncIterator[Figure]:
    """A tenth by itself; then as much as goes while a worker is busy, and that worker without."""
    async with opened(urls, SHAPE, NEW_ITEMS, keep=True) as service:
        size, rows = await _one_row(service, _SIZE)
        [before] = await _one_row(service, _WAL)
        began = time.perf_counter()
        await retention.prune(service.database, DAYS * 0.9)
        seconds = time.perf_counter() - began
        [after] = await _one_row(service, _WAL)
        left = (await _one_row(service, _SIZE))[1]
        pruned = rows - left
        began = time.perf_counter()
        async with reading(service.database) as connection:
            await connection.execute(text("VACUUM sluice.item"))
        yield Figure("old: pruning, items", "", pruned, "rows", None)
        yield Figure("old: pruning", "", round(pruned / seconds), "rows/s", None)
        yield Figure(
            "old: pruning, WAL", "", round((after - before) / pruned), "bytes an item", None
        )
        yield Figure("old: VACUUM after", "", round(time.perf_counter() - began, 1), "s", None)
    alone: list[float] = []
    beside: dict[float, list[float]] = {RESTS: [], 0.0: []}
    for _ in range(ROUNDS):
        async with opened(urls, SHAPE, NEW_ITEMS, keep=True) as service:
            alone.append(await _rate(service, urls))
        for rests, rates in beside.items():
            async with opened(urls, SHAPE, NEW_ITEMS, keep=True) as service:
                rates.append(await _rate_while_pruning(service, urls, rests))
    for rests, rates in beside.items():
        yield _ratio(f"old: no-op items while pruning, {rests:g} rests", rates, alone)
    async with opened(urls, SHAPE, NEW_ITEMS, keep=True) as service:
        now, rows = await _one_row(service, _SIZE)
    yield Figure("old: table and index after, of before", "", round(now / size, 3), "ratio", None)
    yield Figure("old: rows after", "", rows, "items", None)


async def _rate_while_pruning(service: Service, urls: Urls, rests: float) -> float:
    pruning = asyncio.create_task(retention.prune(service.database, DAYS * 0.2, rests=rests))
    try:
        rate = await _rate(service, urls)
        if pruning.done():
            print("old: there was too little to prune for as long as the worker's run")
        return rate
    finally:
        pruning.cancel()
        await asyncio.gather(pruning, return_exceptions=True)


async def _one_row(service: Service, statement: str) -> tuple[int, ...]:
    async with reading(service.database) as connection:
        return tuple((await connection.execute(text(statement))).one())


def _span(values: list[float]) -> str:
    return f"{min(values):.0f} to {max(values):.0f}"


def _ratio(what: str, ours: list[float], theirs: list[float]) -> Figure:
    """Of medians. Within noise: the middle halves of both overlap."""
    low, _, high = statistics.quantiles(theirs, n=4)
    ours_low, _, ours_high = statistics.quantiles(ours, n=4)
    noise = ", within noise" if ours_low <= high and low <= ours_high else ""
    value = statistics.median(ours) / statistics.median(theirs)
    return Figure(f"{what}, ratio{noise}", "", round(value, 2), "ratio", None)
