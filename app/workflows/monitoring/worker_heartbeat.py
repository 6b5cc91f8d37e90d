"""A worker's signs of life, for whoever looks. Nothing else depends on them."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass, field

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app import __version__
from app.connections.faults import Fault, fault
from app.store.database import reading
from app.store.monitoring import workers
from app.workflows.monitoring.worker_load import LoadGauge

EVERY = workers.GONE_AFTER.total_seconds() / 3
"""Seconds: two may be lost before a worker counts as gone."""
LONGEST = 5.0
"""Seconds that one of them, or the last, may take."""

log = structlog.get_logger("sluice.worker")


@dataclass(frozen=True, slots=True)
class Heartbeat:
    database: AsyncEngine
    concurrency: int
    gauge: LoadGauge
    worker_id: str
    _fault: Fault = field(default_factory=lambda: fault("sluice.worker", "heartbeat_not_written"))

    async def run(self) -> None:
        """Until cancelled; then the worker is gone at once."""
        try:
            while True:
                await self._beat()
                await asyncio.sleep(EVERY)
        finally:
            await self._stop()

    async def _beat(self) -> None:
        load = self.gauge.read()
        self.gauge.tell(load)
        try:
            async with asyncio.timeout(LONGEST), reading(self.database) as tx:
                await workers.show_life(
                    tx,
                    self.worker_id,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    version=__version__,
                    concurrency=self.concurrency,
                    load=load,
                )
            self._fault.over()
        except Exception as error:  # noqa: BLE001 - the work goes on, and the next one tells
            self._fault.seen(error)

    async def _stop(self) -> None:
        try:
            async with asyncio.timeout(LONGEST), reading(self.database) as tx:
                await workers.forget(tx, self.worker_id)
        except Exception as error:  # noqa: BLE001 - silence tells the same, a little later
            log.warning("heartbeat_not_ended", error=type(error).__name__)
