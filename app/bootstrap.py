"""The composition root: the only module that knows all others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from app.api.admission.call_limits import CallLimits
from app.api.dependencies import ApiState
from app.composition.endings import lifecycle_of
from app.composition.engines import calls_of, flow_limits_of, limits_of, open_engine, probes_of
from app.composition.events import events_of
from app.composition.families import binder_of
from app.composition.metrics import meter_of, metrics_of, page_of, watching
from app.composition.notifications import notifications_of
from app.composition.partitions import partition_limits_of
from app.composition.throttles import throttled_families, throttles_of
from app.composition.ticks import tick_of
from app.composition.traces import traces_of, tracing_of
from app.configured_secrets import redactor_of
from app.connections.redis import open_redis
from app.connections.server_urls import Urls
from app.engine import Engine
from app.flow.caller_gate import CallerGate
from app.flow.history import FlowHistory
from app.flow.overrides import EffectiveLimits
from app.flow.redis_check import RedisCheck
from app.flow.redis_gate import LEASE, RedisGate
from app.flow.redis_script import GateScript
from app.redaction.redactor import IN_USE, Redactor
from app.service import Service
from app.services.file_store import FileStore
from app.services.http.tls import http_client
from app.services.provider import Provider, open_provided
from app.services.providers import PROVIDERS
from app.settings import Settings
from app.store.database import service_key, sessions
from app.store.pooler import Pooling, check_pooling
from app.store.pools import Pools, open_pools
from app.store.readiness import require_ready
from app.store.run_notifications import RunNotifications
from app.store.signing_key import signing_keys
from app.workflows.backfills.service import BackfillService
from app.workflows.client import WorkflowClient
from app.workflows.contexts import make_context
from app.workflows.contract.job_family import AnyFamily
from app.workflows.deferred.desk import BatchDesk
from app.workflows.deferred.reply_writer import ReplyWriter
from app.workflows.family import Services
from app.workflows.finish.finisher import Finisher
from app.workflows.item_partitions import PartitionWindows
from app.workflows.monitoring.coverage import CoverageSurvey
from app.workflows.monitoring.flow_recorder import FlowRecorder
from app.workflows.monitoring.items_at_work import WorkBoard
from app.workflows.previews import PreviewService
from app.workflows.registry.discovery import folder_of
from app.workflows.registry.family_call import guard_tasks
from app.workflows.registry.family_files import FamilyFiles
from app.workflows.registry.rename import take_along
from app.workflows.registry.threads import Threads
from app.workflows.runs.control import RunControl
from app.workflows.runs.estimate import Estimator
from app.workflows.runs.reconciler import RunReconciler
from app.workflows.samples.service import SampleService
from app.workflows.schedules.service import ScheduleService
from app.workflows.schedules.sync import sync_declared_schedules
from app.workflows.serialization.secret_box import SecretBox
from app.workflows.signatures import Signer
from app.workflows.sources.memories import open_memories
from app.workflows.steps.answer_links import AnswerLinks
from app.workflows.steps.answers import AnswerService
from app.workflows.worker.family_watch import tell_newer

if TYPE_CHECKING:  # it loads OpenTelemetry
    from app.tracing.service_tracing import Tracing

__all__ = ["Service", "Urls", "make_context", "open_service"]


@asynccontextmanager
async def open_service(
    settings: Settings,
    urls: Urls,
    families: Sequence[AnyFamily],
    providers: Sequence[Provider[Any]] = PROVIDERS,
) -> AsyncIterator[Service]:
    """Open the pools and make every object. The tables must be there: see ``migrate``.

    Raises:
        ConfigurationError: Postgres or Redis answers, and is not as it must be; or a service of
            ``providers`` cannot be made.
    """
    IN_USE.set(redactor_of(settings, urls.database, urls.direct, urls.redis))
    pooling = await check_pooling(urls.database, urls.direct, settings.db_schema)
    async with (
        open_pools(
            urls.database,
            urls.direct,
            schema=settings.db_schema,
            families=settings.pool_size,
            by_transaction=pooling is Pooling.TRANSACTION,
            silence=settings.silence,
        ) as pools,
        service_over(pools, settings, urls, families, providers) as service,
    ):
        yield service


@asynccontextmanager
async def service_over(
    pools: Pools,
    settings: Settings,
    urls: Urls,
    families: Sequence[AnyFamily],
    providers: Sequence[Provider[Any]],
) -> AsyncIterator[Service]:
    """Make every object, over pools that are open and stay open.

    Raises:
        ConfigurationError: as ``open_service``.
    """
    guard_tasks(asyncio.get_running_loop())
    redactor = redactor_of(settings, urls.database, urls.direct, urls.redis)
    IN_USE.set(redactor)  # whatever begins within: the worker, what serves the API
    controls = limits_of(families, pools.own, throttled_families(settings, families))
    async with (
        open_provided(settings, providers) as provided,
        open_engine(settings, pools.own, urls.direct, families, controls) as engine,
        tracing_of(settings, pools) as tracing,
        _opened(
            settings, urls, families, pools, redactor, provided, engine, controls, tracing
        ) as service,
    ):
        yield service


@asynccontextmanager
async def _opened(
    settings: Settings,
    urls: Urls,
    families: Sequence[AnyFamily],
    pools: Pools,
    redactor: Redactor,
    provided: Mapping[type, object],
    engine: Engine,
    controls: EffectiveLimits,
    tracing: Tracing | None,
) -> AsyncIterator[Service]:
    database, redis = pools.own, open_redis(urls.redis)
    redis_check = RedisCheck(redis, settings.redis_prefix)
    changes = RunNotifications(urls.direct, settings.db_schema)
    http = http_client()
    # Neither the API nor the worker waits for what the other is at.
    called, threads = Threads(settings.worker_threads), Threads(settings.worker_threads)
    family_files = FamilyFiles(folder_of())
    looking = asyncio.create_task(tell_newer(family_files))
    try:
        files, prefix = FileStore(settings.files_dir), settings.redis_prefix
        others = {FileStore: files, **provided}
        services = Services(pools.called, sessions(pools.called), redis, prefix, http, others)
        await require_ready(database)
        sealing = await service_key(database, "sealing")
        signing = await signing_keys(database)
        redactor.know(sealing, *(key.decode() for key in signing))
        await redis_check.at_start()
        await take_along(database, engine, families)
        memories = await open_memories(database, pools.ledger, families)
        box = SecretBox(settings.secret_keys, sealing)
        ready = binder_of(settings, box, redactor, memories, tracing)
        bound = {family.name: ready(family, called) for family in families}
        look_ahead, windows = settings.look_ahead, PartitionWindows(controls)
        finisher = Finisher(database, engine, bound, look_ahead)
        meter = meter_of(settings, families)
        lifecycle = lifecycle_of(engine, bound, finisher, meter)
        reconciler = RunReconciler(database, engine, bound, lifecycle, look_ahead, windows, meter)
        turns = CallerGate(RedisGate(redis, prefix, controls), controls)
        context = partial(make_context, services)
        previews = PreviewService(context, turns.permit, bound)
        estimator, budget = Estimator(database, controls), settings.dry_run_budget
        samples = SampleService(previews, context, estimator, settings.pool_size, budget)
        client = WorkflowClient(
            database, engine, bound, context, changes, estimator, previews, samples,
            dry_run_budget=budget,
        )  # fmt: skip
        script = GateScript(redis, prefix, lease=LEASE)
        signer = Signer(signing[0], tuple(signing[1:]))
        await sync_declared_schedules(database, bound)
        flow = flow_limits_of(database, engine, controls, script)
        history = FlowHistory(redis, prefix)
        throttles = throttles_of(settings, database, bound, context, controls, script)
        coverage = CoverageSurvey(database, bound, context, budget)
        told = notifications_of(settings, database, bound, family_files, box, changes)
        sent = events_of(settings, pools, engine, bound, changes)
        replies = ReplyWriter(database, engine, lifecycle, look_ahead)
        batches = BatchDesk.of(pools.ledger, replies, provided.values(), settings.max_result_bytes)
        metrics = metrics_of(settings, meter, pools, engine, flow, batches)
        tick = tick_of(
            settings, pools, reconciler, coverage, FlowRecorder(flow, history), throttles, told,
            sent, batches,
        )  # fmt: skip
        control = RunControl(database, reconciler)
        api = ApiState(
            client=client,
            control=control,
            finisher=finisher,
            changes=changes,
            flow=flow,
            partitions=partition_limits_of(settings, redis, database, controls, script),
            throttles=throttles,
            flow_history=history,
            at_work=WorkBoard(redis, prefix),
            database=database,
            families=bound,
            cursors=signer,
            answering=AnswerService(database, engine, bound),
            links=AnswerLinks(signer, settings.public_url),
            engine=engine,
            files=files,
            coverage=coverage,
            backfills=BackfillService(database, engine, bound, client, control, budget),
            schedules=ScheduleService(database, client, bound, family_files),
            notifications=told,
            events=sent,
            batches=batches,
            family_files=family_files,
            secrets=box,
            redactor=redactor,
            previews=previews,
            limits=CallLimits.of(settings),
            metrics=page_of(settings, metrics),
            traces=traces_of(settings, tracing),
            qstash=calls_of(settings, engine, families, tick),
            probes=probes_of(engine, pools, redis_check),
        )
        worked = {family.name: ready(family, threads) for family in families}
        async with aclosing(turns), aclosing(throttles), aclosing(told), watching(meter):
            yield Service(
                settings, pools, redis, engine, bound, worked, threads, client, api, services,
                controls, changes, reconciler, throttles, metrics,
            )  # fmt: skip
    finally:
        threads.close()
        called.close()
        looking.cancel()
        await changes.aclose()
        await http.aclose()
        await redis.aclose()
