"""Worker processes that begin within milliseconds, because a server that has imported everything
already forks them: a killed one is replaced at once."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess

import uvloop

from app.bootstrap import Urls, open_service
from app.logs import configure_logs
from app.settings import Settings
from tests.chaos.family import Chaotic

HEARTBEAT = 1.0
"""Seconds. Short, so that a dead worker's messages are taken over soon."""


def chaos_settings(prefix: str) -> Settings:
    return Settings.model_validate(
        {
            "SLUICE_REDIS_PREFIX": prefix,
            "SLUICE_WORKER_HEARTBEAT": HEARTBEAT,
            "SLUICE_WORKER_CONCURRENCY": 20,
            "SLUICE_WATCHDOG_SECONDS": 1,
            "SLUICE_LOOK_AHEAD": 200,
            "SLUICE_POOL_SIZE": 4,
        }
    )


@dataclass(slots=True)
class Workers:
    """So many are alive at any time; what one of them dies of is ours to decide."""

    urls: Urls
    prefix: str
    alive: list[ForkServerProcess] = field(default_factory=list)

    def start(self, number: int = 1) -> None:
        forking = multiprocessing.get_context("forkserver")
        forking.set_forkserver_preload([__name__])
        for _ in range(number):
            process = forking.Process(target=work, args=(self.urls, self.prefix), daemon=True)
            process.start()
            self.alive.append(process)

    async def kill(self, which: int) -> int:
        """SIGKILL one of them. Returns its process id."""
        process = self.alive.pop(which)
        pid = process.pid or 0
        process.kill()
        await asyncio.to_thread(process.join)
        process.close()
        return pid

    async def stop(self) -> None:
        while self.alive:
            await self.kill(0)


def work(urls: Urls, prefix: str) -> None:
    """What such a process does until it is killed, or the one that started it has gone."""
    configure_logs("critical", "console")
    uvloop.run(_work(urls, prefix))


async def _work(urls: Urls, prefix: str) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent.sentinel, os._exit, 1)
    async with open_service(chaos_settings(prefix), urls, [Chaotic()]) as service:
        await service.worker().run()
