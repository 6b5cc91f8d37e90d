"""The composition root: the only module that knows all others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.deps import ApiState
from app.engine import Engine
from app.engine.pgqueuer import PgQueuerEngine
from app.flow.controls import FlowControls
from app.flow.history import FlowHistory
from app.flow.item_locks import ItemLocks
from app.flow.redis_check import RedisCheck
from app.flow.redis_gate import LEASE, RedisGate
from app.flow.script import GateScript
from app.redis_url import open_redis
from app.servers import Urls, servers
from app.services.destinations import Destinations
from app.services.files import FileStore
from app.services.image_endpoint import painter
from app.services.images import Painter
from app.services.llm import text_writer
from app.services.trust import http_client
from app.services.writer import TextWriter
from app.settings import Settings
from app.store.changes import RunChanges
from app.store.database import BY_INDEX, open_database, service_key, sessions
from app.store.pooling import Pooling, check_pooling
from app.store.readiness import require_ready
from app.workflows import family_watch
from app.workflows.answer_links import AnswerLinks
from app.workflows.answering import Answering
from app.workflows.authors_code import guard_tasks
from app.workflows.backfill_control import BackfillControl
from app.workflows.bound import BoundFamily, bind
from app.workflows.client import WorkflowClient
from app.workflows.coverage import CoverageSurvey
from app.workflows.declared_schedules import declare
from app.workflows.estimate import Estimator
from app.workflows.family import AnyFamily, Context, Services
from app.workflows.family_files import FamilyFiles
from app.workflows.flow_admin import FlowAdmin, read_overrides
from app.workflows.flow_recording import FlowRecorder
from app.workflows.item_tools import ItemTools
from app.workflows.keeper import RunKeeper
from app.workflows.keys import CursorSigner, Layer, flow_key
from app.workflows.loading import folder_of
from app.workflows.mending import Mender
from app.workflows.preview_tools import PreviewTools
from app.workflows.run_control import RunControl
from app.workflows.schedule_admin import ScheduleAdmin
from app.workflows.scheduler import Scheduler
from app.workflows.secret_box import SecretBox
from app.workflows.watchdog import Watchdog
from app.workflows.worker import SluiceWorker

__all__ = ["Service", "Urls", "make_context", "open_service", "servers"]

LEDGER_CONNECTIONS = 6
"""Writes come in groups, so a few connections carry them all."""


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that is open, for as long as ``open_service`` is."""

    settings: Settings
    database: AsyncEngine
    ledger: AsyncEngine
    """The same database, for what the layers write: by key, never by scan."""
    redis: Redis
    engine: Engine
    families: Mapping[str, BoundFamily]
    client: WorkflowClient
    api: ApiState
    services: Services
    controls: FlowControls
    changes: RunChanges
    mender: Mender
    holding: AsyncEngine
    """The same database past a pooler, for a lock that lasts as long as its connection."""

    def worker(self) -> SluiceWorker:
        prefix = self.settings.redis_prefix
        days = self.settings.retention_days
        return SluiceWorker(
            self.ledger,
            self.engine,
            RedisGate(self.redis, prefix, self.controls, lease=LEASE),
            ItemLocks(self.redis, prefix, lease=LEASE),
            self.controls,
            self.families,
            partial(make_context, self.services),
            self.changes,
            self.mender,
            Watchdog(
                self.mender,
                self.holding,
                every=self.settings.watchdog_seconds,
                keep=timedelta(days=days) if days else None,
                beside=(
                    self.api.coverage.run,
                    FlowRecorder(self.api.flow, self.api.flow_history).run,
                ),
            ),
            Scheduler(self.database, self.engine, self.families),
            self.services.http,
            self.api.links,
            concurrency=self.settings.worker_concurrency,
            look_ahead=self.settings.look_ahead,
        )


@asynccontextmanager
async def open_service(
    settings: Settings, urls: Urls, families: Sequence[AnyFamily]
) -> AsyncIterator[Service]:
    """Open the pools and make every object. The tables must be there: see ``migrate``.

    Raises:
        ConfigurationError: Postgres or Redis answers, and is not as it must be.
    """
    guard_tasks(asyncio.get_running_loop())
    by_transaction = (await check_pooling(urls.database, urls.direct)) is Pooling.TRANSACTION
    database = open_database(
        urls.database, pool_size=settings.pool_size, by_transaction=by_transaction
    )
    ledger = open_database(
        urls.database,
        pool_size=LEDGER_CONNECTIONS,
        settings=BY_INDEX,
        by_transaction=by_transaction,
    )
    holding = open_database(urls.direct, pool_size=1) if by_transaction else database
    redis = open_redis(urls.redis)
    redis_check = RedisCheck(redis, settings.redis_prefix)
    writer = text_writer(
        settings.llm_base_url, _told(settings.llm_api_key), settings.llm_model, settings.llm_timeout
    )
    paints = painter(
        settings.image_base_url,
        _told(settings.image_api_key),
        settings.image_model,
        settings.image_timeout,
    )
    changes = RunChanges(urls.direct)
    http = http_client()
    threads = ThreadPoolExecutor(settings.worker_threads, thread_name_prefix="family")
    family_files = FamilyFiles(folder_of())
    looking = asyncio.create_task(family_watch.watch(family_files))
    try:
        files = FileStore(settings.files_dir)
        others = {
            TextWriter: writer,
            Painter: paints,
            FileStore: files,
            Destinations: Destinations(settings.posts_url),
        }
        services = Services(
            database, sessions(database), redis, settings.redis_prefix, http, others
        )
        engine = PgQueuerEngine(
            database,
            urls.direct,
            heartbeat=timedelta(seconds=settings.worker_heartbeat),
            stop_timeout=timedelta(seconds=settings.stop_timeout),
        )
        await require_ready(database)
        box = SecretBox(settings.secret_keys, await service_key(database, "sealing"))
        bound = {
            family.name: bind(family, threads, box, largest=settings.max_result_bytes)
            for family in families
        }
        keeper = RunKeeper(engine, bound)
        mender = Mender(database, engine, bound, keeper, settings.look_ahead)
        controls = FlowControls(
            {
                flow_key(family.name, layer): family.flow.of(layer)
                for family in families
                for layer in Layer
            },
            partial(read_overrides, database),
        )
        client = WorkflowClient(
            database,
            engine,
            partial(make_context, services),
            changes,
            Estimator(database, controls),
            dry_run_budget=settings.dry_run_budget,
        )
        script = GateScript(redis, settings.redis_prefix, lease=LEASE)
        await redis_check.at_start()
        signer = CursorSigner((await service_key(database, "signing")).encode())
        await declare(database, bound)
        api = ApiState(
            client=client,
            control=RunControl(database, mender),
            changes=changes,
            flow=FlowAdmin(database, controls, script),
            flow_history=FlowHistory(redis, settings.redis_prefix),
            database=database,
            families=bound,
            cursors=signer,
            answering=Answering(database, engine, bound),
            links=AnswerLinks(signer, settings.public_url),
            engine=engine,
            files=files,
            coverage=CoverageSurvey(
                database, bound, partial(make_context, services), settings.dry_run_budget
            ),
            backfills=BackfillControl(
                database,
                engine,
                bound,
                client,
                RunControl(database, mender),
                settings.dry_run_budget,
            ),
            schedules=ScheduleAdmin(database, client, bound, family_files),
            family_files=family_files,
            secrets=box,
            probes={"postgres": partial(require_ready, database), "redis": redis_check},
        )
        yield Service(
            settings,
            database,
            ledger,
            redis,
            engine,
            bound,
            client,
            api,
            services,
            controls,
            changes,
            mender,
            holding,
        )
    finally:
        # Without waiting: a thread that a timeout left behind must not hold up the stop.
        threads.shutdown(wait=False, cancel_futures=True)
        looking.cancel()
        await changes.aclose()
        await http.aclose()
        await writer.aclose()
        await paints.aclose()
        await redis.aclose()
        await ledger.dispose()
        if holding is not database:
            await holding.dispose()
        await database.dispose()


def make_context(
    services: Services,
    bound: BoundFamily,
    *,
    run_id: str | None = None,
    item_id: str | None = None,
    attempt: int = 1,
    preview: bool = False,
    tools: ItemTools | PreviewTools | None = None,
) -> Context:
    return Context(
        services=services,
        family=bound.name,
        run_id=run_id,
        item_id=item_id,
        attempt=attempt,
        preview=preview,
        tools=tools,
    )


def _told(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
