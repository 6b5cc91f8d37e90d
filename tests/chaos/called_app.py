"""The API as a process of its own, which QStash calls: it may be killed at any moment, and is begun
anew at the same address."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from typing import Any

import httpx2
import uvicorn

from app.bootstrap import Urls
from app.logs import configure_logs
from app.main import create_app
from app.services.provider import Provider
from app.services.providers import PROVIDERS
from app.settings import Settings
from app.workflows.contract.job_family import AnyFamily
from tests.chaos.family import Chaotic
from tests.support.patience import PATIENCE


class CalledChaos(Chaotic):
    """In less time: what a killed process had in hand is QStash's to repeat."""

    timeout = timedelta(seconds=5)


def chaotic() -> Sequence[AnyFamily]:
    return [CalledChaos(longest=0.05)]


def usual() -> Sequence[Provider[Any]]:
    return PROVIDERS


Families = Callable[[], Sequence[AnyFamily]]
Providers = Callable[[], Sequence[Provider[Any]]]


@dataclass(slots=True)
class CalledApp:
    """``families``, ``providers``: make them, in the process; functions at the top level of their
    module, or partials of such."""

    settings: Settings
    urls: Urls
    port: int
    families: Families = chaotic
    providers: Providers = usual
    processes: list[ForkServerProcess] = field(default_factory=list)
    kills: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Return once it answers."""
        forking = multiprocessing.get_context("forkserver")
        forking.set_forkserver_preload([__name__])
        told = (self.settings, self.urls, self.port, self.families, self.providers)
        process = forking.Process(target=serve, args=told)
        process.daemon = True
        process.start()
        self.processes.append(process)
        async with (
            asyncio.timeout(PATIENCE),
            httpx2.AsyncClient(base_url=self.url, trust_env=False) as client,
        ):
            while True:
                try:
                    (await client.get("/healthz")).raise_for_status()
                except httpx2.HTTPError:
                    await asyncio.sleep(0.02)
                else:
                    return

    async def kill(self) -> None:
        """SIGKILL."""
        process = self.processes.pop()
        process.kill()
        await asyncio.to_thread(process.join)
        process.close()
        self.kills += 1


@asynccontextmanager
async def called_app(
    settings: Settings,
    urls: Urls,
    port: int,
    families: Families = chaotic,
    providers: Providers = usual,
) -> AsyncIterator[CalledApp]:
    running = CalledApp(settings, urls, port, families, providers)
    await running.start()
    try:
        yield running
    finally:
        await running.kill()


def serve(
    settings: Settings, urls: Urls, port: int, families: Families, providers: Providers
) -> None:
    """What the process does until it is killed, or the one that started it has gone."""
    configure_logs("critical", "console")
    app = create_app(settings, urls, families(), providers())
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False)
    asyncio.run(_serve(uvicorn.Server(config)))


async def _serve(server: uvicorn.Server) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent.sentinel, os._exit, 1)
    await server.serve()
