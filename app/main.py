"""The ASGI app of a running service, whose lifespan opens and closes everything; and the client of
other code of this repository."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI

from app.api.app import build_app
from app.bootstrap import Service, Urls, open_service
from app.composition.process_log import begin_log
from app.config.engine_settings import EngineName
from app.config.environment import what_was_meant
from app.errors import ConfigurationError
from app.services.provider import Provider
from app.services.providers import PROVIDERS
from app.settings import Settings, load_settings
from app.workflows.client import WorkflowClient
from app.workflows.contract.job_family import AnyFamily
from app.workflows.registry.discovery import discover_families

log = structlog.get_logger("sluice")


def create_app(
    settings: Settings,
    urls: Urls,
    families: Sequence[AnyFamily] | None = None,
    providers: Sequence[Provider[Any]] = PROVIDERS,
    *,
    with_worker: bool = False,
) -> FastAPI:
    """
    Args:
        families: None: those of the service.
        providers: of what families ask for.
        with_worker: run a worker in this process too. Where QStash calls there always is one.

    Raises:
        ConfigurationError: no token is configured, nothing says how QStash and we reach one
            another, or a family cannot be used.
    """
    require_callers(settings)
    chosen = list(discover_families().values()) if families is None else families

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_service(settings, urls, chosen, providers) as service:
            app.state.api = service.api
            if with_worker or settings.engine is EngineName.QSTASH:
                async with _working(service, app.state.stopping):
                    yield
            else:
                yield

    return build_app(chosen, settings.tokens, lifespan=lifespan, root_path=settings.root_path)


def app_from_environment() -> FastAPI:
    """For platforms that import an app and have no command of ours run: docs/guides/serverless.md.

    Raises:
        ConfigurationError: as ``create_app``; or a server is not named.
    """
    settings = load_settings(env_file=None)
    urls = _given(settings)
    begin_log(settings)
    return create_app(settings, urls)


@asynccontextmanager
async def open_client(
    settings: Settings | None = None, families: Sequence[AnyFamily] | None = None
) -> AsyncIterator[WorkflowClient]:
    """What another app or a script of this repository starts runs with: docs/guides/client.md. No
    worker runs here.

    Args:
        settings: None: those of the environment.
        families: None: those of the service.

    Raises:
        ConfigurationError: a setting or a family cannot be used; or a server is not named.
    """
    settings = settings or load_settings()
    urls = _given(settings)
    chosen = list(discover_families().values()) if families is None else families
    async with open_service(settings, urls, chosen) as service:
        yield service.client


def _given(settings: Settings) -> Urls:
    """
    Raises:
        ConfigurationError: one is missing. No server is started where we are imported.
    """
    if settings.database_url is None or settings.redis_url is None:
        told = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
        missing = [name for name, url in told.items() if url is None]
        raise ConfigurationError(
            "DATABASE_URL and REDIS_URL must both be set where this is imported: no server is"
            f" started for it.{what_was_meant(missing, Settings)}"
        )
    return Urls(settings.database_url, settings.redis_url, settings.listen_url or "")


def require_callers(settings: Settings) -> None:
    """
    Raises:
        ConfigurationError: no token is configured, or QStash is to call and cannot.
    """
    if settings.engine is EngineName.QSTASH:
        settings.qstash()
    if not settings.tokens:
        raise ConfigurationError(
            "SLUICE_TOKENS is not set, so nobody could call the API. Set it to name:secret,"
            " for example SLUICE_TOKENS=ops:$(openssl rand -hex 24); or try it with: make serve"
        )


@asynccontextmanager
async def _working(service: Service, stopping: asyncio.Event) -> AsyncIterator[None]:
    worker = service.worker()
    running = asyncio.create_task(worker.run())
    running.add_done_callback(_end_with_the_worker)

    async def stop_beside_the_server() -> None:
        """A stop has one limit: not one for the calls in flight, and then one for the items."""
        await stopping.wait()
        worker.stop()

    stopper = asyncio.create_task(stop_beside_the_server())
    begun = asyncio.create_task(worker.begun.wait())
    try:
        await asyncio.wait({running, begun}, return_when=asyncio.FIRST_COMPLETED)
        yield
    finally:
        stopper.cancel()
        begun.cancel()
        worker.stop()
        await running


def _end_with_the_worker(running: asyncio.Task[None]) -> None:
    """An API whose worker has broken down must not go on as if it had one."""
    if not running.cancelled() and running.exception() is not None:
        log.critical("worker_failed", exc_info=running.exception())
        signal.raise_signal(signal.SIGTERM)
