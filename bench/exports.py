"""What it takes to take a run's items along as a file, and what the API holds in memory meanwhile.

The API is a process of its own, without a worker; run as ``python -m bench.exports`` it is that.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import psutil
import uvloop
from fastapi import FastAPI

from app.api.app import build_app
from app.bootstrap import Urls, open_service
from app.cli.server.uvicorn import bind, listening, url_of
from app.logs import configure_logs
from bench.ended_runs import fill
from bench.figures import Figure, at_most, measured
from bench.processes import process_of, ready_until_told
from bench.support import Bench, Shape, bench_settings, opened

READER = "secret-of-the-reader-0123456789"
TOKENS = f"reader[read]:{READER}"
FEW = 20_000
"""Items of the file that the other is held against."""
GROWN = 10
"""MB by which the memory of the API may be larger for very many than for a few."""
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class _File:
    """``peak``: MB that the API held at most while it was read."""

    seconds: float
    megabytes: float
    peak: float


async def exported(urls: Urls, items: int) -> list[Figure]:
    """All items of a run that ended, as CSV and as NDJSON."""
    figures: list[Figure] = []
    async with opened(urls, Shape(), 1) as service:
        [few] = await fill(service.database, 1, per_run=FEW)
        [many] = await fill(service.database, 1, per_run=items)
        for kind in ("csv", "ndjson"):
            # A process for each, because what one file has taken stays with the process.
            async with process_of(
                "bench.exports", DATABASE_URL=urls.database, REDIS_URL=urls.redis
            ) as (url, api):
                first = await _read(url, api.pid, few, kind, FEW)
                file = await _read(url, api.pid, many, kind, items)
            name = f"export: {items:,} items as {kind}"
            figures += [
                measured(name, file.seconds, "s"),
                measured(f"{name}, its size", file.megabytes, "MB"),
                measured(f"{name}, the API's memory at most", file.peak, "MB"),
                at_most(f"{name}, more than for {FEW:,}", GROWN, file.peak - first.peak, "MB"),
            ]
    return figures


async def _read(url: str, pid: int, run_id: str, kind: str, items: int) -> _File:
    watch = asyncio.create_task(_most_memory(psutil.Process(pid)))
    headers, lines, size, last = {"Authorization": f"Bearer {READER}"}, 0, 0, b""
    began = time.perf_counter()
    async with (
        httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client,
        client.stream("GET", f"/api/runs/{run_id}/items.{kind}") as answer,
    ):
        answer.raise_for_status()
        async for piece in answer.aiter_bytes():
            lines += piece.count(b"\n")
            size += len(piece)
            last = piece
    seconds = time.perf_counter() - began
    watch.cancel()
    [peak] = await asyncio.gather(watch)
    # CSV has a line of names, NDJSON one that says that it is the last.
    if lines != items + 1 or not last.endswith(b"\n"):
        raise SystemExit(f"The file has {lines} lines, and there are {items} items.")
    return _File(seconds, size / 1e6, peak)


async def _most_memory(process: psutil.Process) -> float:
    """MB, resident, until it is cancelled."""
    most = 0
    try:
        while True:
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(LOOK_SECONDS)
    except asyncio.CancelledError:
        return most / 1e6


async def _serve() -> None:
    urls = Urls(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    settings = bench_settings(SLUICE_TOKENS=TOKENS)
    family = Bench(Shape())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_service(settings, urls, [family]) as service:
            app.state.api = service.api
            yield

    app = build_app([family], settings.tokens, lifespan=lifespan)
    with bind("127.0.0.1", 0) as bound:
        async with listening(app, bound, stop_timeout=1):
            await ready_until_told(url_of(bound))


if __name__ == "__main__":
    configure_logs("error", "console")
    uvloop.run(_serve())
