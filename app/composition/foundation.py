"""What everything else of a service is made over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
from redis.asyncio import Redis

from app.connections.redis import open_redis
from app.connections.server_urls import Urls
from app.engine import Engine
from app.flow.overrides import EffectiveLimits
from app.flow.redis_check import RedisCheck
from app.redaction.redactor import Redactor
from app.services.file_store import FileStore
from app.services.http.tls import http_client
from app.settings import Settings
from app.store.database import sessions
from app.store.pools import Pools
from app.store.run_notifications import RunNotifications
from app.workflows.contract.job_family import AnyFamily
from app.workflows.family import Services
from app.workflows.registry.discovery import folder_of
from app.workflows.registry.family_files import FamilyFiles
from app.workflows.registry.threads import Threads
from app.workflows.worker.family_watch import tell_newer

if TYPE_CHECKING:  # it loads OpenTelemetry
    from app.tracing.service_tracing import Tracing


@dataclass(frozen=True, slots=True)
class Foundation:
    settings: Settings
    urls: Urls
    families: Sequence[AnyFamily]
    pools: Pools
    redactor: Redactor
    provided: Mapping[type, object]
    engine: Engine
    controls: EffectiveLimits
    tracing: Tracing | None


@dataclass(frozen=True, slots=True)
class Resources:
    """What is closed with the service, and belongs to it alone."""

    redis: Redis
    redis_check: RedisCheck
    changes: RunNotifications
    http: httpx2.AsyncClient
    files: FileStore
    family_files: FamilyFiles
    called: Threads
    """Of what the API calls: neither it nor the worker waits for what the other is at."""
    worked: Threads
    """Of a worker."""


@asynccontextmanager
async def open_resources(settings: Settings, urls: Urls) -> AsyncIterator[Resources]:
    redis = open_redis(urls.redis)
    held = Resources(
        redis=redis,
        redis_check=RedisCheck(redis, settings.redis_prefix),
        changes=RunNotifications(urls.direct, settings.db_schema),
        http=http_client(),
        files=FileStore(settings.files_dir),
        family_files=FamilyFiles(folder_of()),
        called=Threads(settings.worker_threads),
        worked=Threads(settings.worker_threads),
    )
    looking = asyncio.create_task(tell_newer(held.family_files))
    try:
        yield held
    finally:
        held.worked.close()
        held.called.close()
        looking.cancel()
        await held.changes.aclose()
        await held.http.aclose()
        await held.redis.aclose()


def services_of(base: Foundation, held: Resources) -> Services:
    """What the methods of families have within reach."""
    others = {FileStore: held.files, **base.provided}
    prefix, called = base.settings.redis_prefix, base.pools.called
    return Services(called, sessions(called), held.redis, prefix, held.http, others)
