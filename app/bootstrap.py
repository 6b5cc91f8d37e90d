"""The composition root: the only module that knows all others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from pydantic import SecretStr

from app.api.deps import ApiState
from app.engine.pgqueuer import PgQueuerEngine
from app.flow.controls import FlowControls
from app.flow.history import FlowHistory
from app.flow.redis_check import RedisCheck
from app.flow.redis_gate import LEASE
from app.flow.script import GateScript
from app.redis_url import open_redis
from app.servers import Urls, servers
from app.service import Service, make_context
from app.services.destinations import Destinations
from app.services.files import FileStore
from app.services.image_endpoint import painter
from app.services.images import Painter
from app.services.llm import text_writer
from app.services.trust import http_client
from app.services.writer import TextWriter
from app.settings import Settings
from app.store.changes import RunChanges
from app.store.database import service_key, sessions
from app.store.pooling import Pooling, check_pooling
from app.store.pools import Pools, open_pools
from app.store.readiness import require_ready
from app.workflows import family_watch
from app.workflows.answer_links import AnswerLinks
from app.workflows.answering import Answering
from app.workflows.authors_code import guard_tasks
from app.workflows.backfill_control import BackfillControl
from app.workflows.bound import bind
from app.workflows.client import WorkflowClient
from app.workflows.coverage import CoverageSurvey
from app.workflows.declared_schedules import declare
from app.workflows.estimate import Estimator
from app.workflows.family import AnyFamily, Services
from app.workflows.family_files import FamilyFiles
from app.workflows.flow_admin import FlowAdmin, read_overrides
from app.workflows.keeper import RunKeeper
from app.workflows.keys import CursorSigner, Layer, flow_key
from app.workflows.loading import folder_of
from app.workflows.mending import Mender
from app.workflows.run_control import RunControl
from app.workflows.schedule_admin import ScheduleAdmin
from app.workflows.secret_box import SecretBox
from app.workflows.threads import Threads

__all__ = ["Service", "Urls", "make_context", "open_service", "servers"]


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
    async with (
        open_pools(
            urls.database,
            urls.direct,
            families=settings.pool_size,
            by_transaction=by_transaction,
        ) as pools,
        _opened(settings, urls, families, pools) as service,
    ):
        yield service


@asynccontextmanager
async def _opened(
    settings: Settings, urls: Urls, families: Sequence[AnyFamily], pools: Pools
) -> AsyncIterator[Service]:
    database = pools.own
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
    # Neither the API nor the worker waits for what the other is at.
    called, threads = Threads(settings.worker_threads), Threads(settings.worker_threads)
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
            pools.called, sessions(pools.called), redis, settings.redis_prefix, http, others
        )
        engine = PgQueuerEngine(
            database,
            urls.direct,
            heartbeat=timedelta(seconds=settings.worker_heartbeat),
            stop_timeout=timedelta(seconds=settings.stop_timeout),
        )
        await require_ready(database)
        box = SecretBox(settings.secret_keys, await service_key(database, "sealing"))
        ready = partial(bind, box=box, largest=settings.max_result_bytes)
        bound = {family.name: ready(family, called) for family in families}
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
            probes={"postgres": partial(require_ready, pools.probes), "redis": redis_check},
        )
        yield Service(
            settings,
            pools,
            redis,
            engine,
            bound,
            {family.name: ready(family, threads) for family in families},
            threads,
            client,
            api,
            services,
            controls,
            changes,
            mender,
        )
    finally:
        threads.close()
        called.close()
        looking.cancel()
        await changes.aclose()
        await http.aclose()
        await writer.aclose()
        await paints.aclose()
        await redis.aclose()


def _told(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
