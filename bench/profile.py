"""The row ``profile``: where the time of one item goes, in the worker and in its servers.

It is for reading, and has no target. The shares come from samples of a real run, so a line is right
to within some microseconds; the sums are the processes' own clocks.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import psutil
from rich.console import Console
from rich.table import Table

from app.bootstrap import Service, Urls
from bench.support import Shape, ended, opened, start, workers

ITEMS = 20_000
LOOK_EVERY = 0.02
"""Seconds between two looks at what Postgres does."""
LEAST = 2.0
"""Microseconds an item: less than that goes into one line with the others."""

_BACKENDS = "SELECT pid, backend_type, application_name FROM pg_stat_activity WHERE pid <> $1"
_ACTIVE = """
    SELECT query, wait_event FROM pg_stat_activity
    WHERE state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()
"""


class Watch:
    """The processor time of one run, by process and by what each one did."""

    def __init__(self, connection: asyncpg.Connection, worker: psutil.Process, valkey: int) -> None:
        self._connection = connection
        self._worker = worker
        self._valkey = psutil.Process(valkey)
        self._running: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()

    async def run(self, service: Service) -> tuple[float, dict[str, float]]:
        """Seconds of a run, and the processor seconds of each process in it."""
        before = await self._cpu()
        began = time.perf_counter()
        run = asyncio.create_task(ended(service, await start(service), every=0.1))
        while not run.done():
            for query, wait in await self._connection.fetch(_ACTIVE):
                (self._waiting if wait else self._running)[wait or _first_words(query)] += 1
            await asyncio.wait([run], timeout=LOOK_EVERY)
        seconds = time.perf_counter() - began
        after = await self._cpu()
        return seconds, {name: s - before.get(name, 0.0) for name, s in after.items()}

    def statements(self, seconds: float) -> dict[str, float]:
        """The processor seconds of Postgres by statement."""
        looks = max(1, self._running.total())
        return {q: n / looks * seconds for q, n in self._running.items()}

    def waits(self) -> dict[str, float]:
        """Seconds that a statement stood still, by what it waited for."""
        return {w: n * LOOK_EVERY for w, n in self._waiting.items()}

    async def _cpu(self) -> dict[str, float]:
        found: defaultdict[str, float] = defaultdict(float)
        found["worker"] += _seconds(self._worker)
        found["Valkey"] += _seconds(self._valkey)
        for pid, kind, name in await self._connection.fetch(
            _BACKENDS, self._connection.get_server_pid()
        ):
            label = name or "other connections" if kind == "client backend" else kind
            found[f"Postgres: {label}"] += _seconds(psutil.Process(pid))
        return found


async def profile(urls: Urls) -> None:
    """20,000 no-op items with a limit that holds nothing back, in pages of 50 and of 500."""
    for page_size, chunk_size in ((50, 20), (500, 500)):
        shape = Shape(parallelism=1_000, page_size=page_size, chunk_size=chunk_size)
        with tempfile.TemporaryDirectory() as folder:
            Console().print(await _profiled(urls, shape, Path(folder) / "samples.json"))


async def _profiled(urls: Urls, shape: Shape, samples: Path) -> Table:
    async with opened(urls, shape, ITEMS) as service:
        connection = await asyncpg.connect(urls.database)
        try:
            async with workers(urls, shape, 1, samples=samples) as [worker]:
                pid = (await service.redis.info("server"))["process_id"]
                watch = Watch(connection, worker, pid)
                seconds, cpu = await watch.run(service)
        finally:
            await connection.close()
    parts = dict(json.loads(await asyncio.to_thread(samples.read_text)))
    looks = max(1, sum(parts.values()))
    table = Table("of an item, pages of " + str(shape.page_size), "us")
    table.add_row("[bold]wall", f"[bold]{seconds / ITEMS * 1e6:.0f}")
    _section(table, "processor", cpu)
    _section(
        table,
        "worker, by module",
        {part: n / looks * cpu["worker"] for part, n in parts.items()},
    )
    postgres = sum(s for name, s in cpu.items() if name.startswith("Postgres"))
    _section(table, "Postgres, by statement", watch.statements(postgres))
    _section(table, "Postgres, standing still", watch.waits())
    return table


def _section(table: Table, title: str, seconds: Mapping[str, float]) -> None:
    table.add_row(f"[bold]{title}", f"[bold]{sum(seconds.values()) / ITEMS * 1e6:.0f}")
    others = 0.0
    for name, value in sorted(seconds.items(), key=lambda part: -part[1]):
        us = value / ITEMS * 1e6
        if us >= LEAST:
            table.add_row(f"  {name}", f"{us:.0f}")
        else:
            others += us
    if others:
        table.add_row("  others", f"{others:.0f}")


def _first_words(query: str) -> str:
    return " ".join(query.split())[:60]


def _seconds(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))
