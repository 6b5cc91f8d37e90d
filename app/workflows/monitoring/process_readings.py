"""How one process stands, for who scrapes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from app import __version__
from app.metrics import catalog
from app.metrics.instruments import Labels, Reading
from app.metrics.meter import WorkMeter
from app.store.monitoring.workers import Load
from app.store.pool import stand_of


@dataclass(slots=True)
class ProcessReadings:
    """
    Args:
        engine: its name.
        pools: by name, those from which this process has its connections.
    """

    meter: WorkMeter
    engine: str
    pools: Mapping[str, AsyncEngine]
    load: Callable[[], Load] | None = field(default=None)
    """Of the worker, where this process runs one."""

    def read(self) -> Iterator[Reading]:
        yield Reading(catalog.BUILD, {(__version__, self.engine): 1})
        yield from self.meter.readings()
        yield from self._of_pools()
        if self.load is not None:
            yield from _of_worker(self.load())

    def _of_pools(self) -> Iterator[Reading]:
        limits: dict[Labels, float] = {}
        used: dict[Labels, float] = {}
        waiting: dict[Labels, float] = {}
        for name, pool in self.pools.items():
            stand = stand_of(pool)
            limits[name,], used[name,], waiting[name,] = stand.limit, stand.in_use, stand.waiting
        yield Reading(catalog.POOL_LIMIT, limits)
        yield Reading(catalog.POOL_USE, used)
        yield Reading(catalog.POOL_WAITING, waiting)


def _of_worker(load: Load) -> Iterator[Reading]:
    for metric, value in (
        (catalog.IN_HAND, load.in_hand),
        (catalog.THREAD_LIMIT, load.threads),
        (catalog.THREADS_BUSY, load.threads_busy),
        (catalog.THREADS_LEFT, load.threads_left_behind),
        (catalog.THREAD_WAITING, load.waiting_for_thread),
    ):
        yield Reading(metric, {(): value})
