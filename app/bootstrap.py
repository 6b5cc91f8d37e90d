"""The composition root: the only module that knows all others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from sqlalchemy.orm import configure_mappers

from app.api.admission.call_limits import CallLimits
from app.api.dependencies import ApiState
from app.composition.engines import calls_of, flow_limits_of, limits_of, open_engine, probes_of
from app.composition.events import events_of
from app.composition.families import binder_of
from app.composition.foundation import Foundation, Resources, open_resources
from app.composition.keys import ServiceKeys, keys_of
from app.composition.notifications import notifications_of
from app.composition.partitions import partition_limits_of
from app.composition.runs import RunParts, runs_of
from app.composition.telemetry.metrics import metrics_of, page_of, watching
from app.composition.telemetry.traces import traces_of, tracing_of
from app.composition.throttles import throttled_families, throttles_of
from app.composition.ticks import tick_of
from app.configured_secrets import redactor_of
from app.connections.server_urls import Urls
from app.flow.history import FlowHistory
from app.flow.redis_gate import LEASE
from app.flow.redis_script import GateScript
from app.redaction.redactor import IN_USE
from app.required_tables import require_tables
from app.service import Service
from app.services.provider import Provider, open_provided
from app.services.providers import PROVIDERS
from app.settings import Settings
from app.store.pooler import Pooling, check_pooling
from app.store.pools import Pools, open_pools
from app.store.readiness import require_writable
from app.workflows.backfills.service import BackfillService
from app.workflows.contexts import make_context
from app.workflows.contract.job_family import AnyFamily
from app.workflows.deferred.desk import BatchDesk
from app.workflows.deferred.reply_writer import ReplyWriter
from app.workflows.monitoring.coverage import CoverageSurvey
from app.workflows.monitoring.flow_recorder import FlowRecorder
from app.workflows.monitoring.items_at_work import WorkBoard
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import guard_tasks
from app.workflows.registry.rename import take_along
from app.workflows.schedules.service import ScheduleService
from app.workflows.schedules.sync import sync_declared_schedules
from app.workflows.sources.memories import open_memories
from app.workflows.steps.answer_links import AnswerLinks
from app.workflows.steps.answers import AnswerService

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
    configure_mappers()  # or the first run that is read would wait for it
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
        open_engine(settings, pools, urls.direct, families, controls) as engine,
        tracing_of(settings, pools) as tracing,
        _opened(
            Foundation(
                settings, urls, families, pools, redactor, provided, engine, controls, tracing
            )
        ) as service,
    ):
        yield service


@asynccontextmanager
async def _opened(base: Foundation) -> AsyncIterator[Service]:
    settings, database = base.settings, base.pools.own
    async with open_resources(settings, base.urls) as held:
        await require_writable(database)
        await require_tables(database)
        keys = await keys_of(settings, database, base.redactor)
        await held.redis_check.at_start()
        await take_along(database, base.engine, base.families)
        memories = await open_memories(database, base.pools.ledger, base.families)
        ready = binder_of(settings, keys.box, base.redactor, memories, base.tracing)
        bound = {family.name: ready(family, held.called) for family in base.families}
        worked = {family.name: ready(family, held.worked) for family in base.families}
        runs = runs_of(base, held, bound)
        await sync_declared_schedules(database, bound)
        service = _made(base, held, keys, runs, bound, worked)
        async with (
            aclosing(runs.turns),
            aclosing(service.throttles),
            aclosing(service.api.notifications),
            watching(runs.meter),
        ):
            yield service


def _made(
    base: Foundation,
    held: Resources,
    keys: ServiceKeys,
    runs: RunParts,
    bound: Mapping[str, BoundFamily],
    worked: Mapping[str, BoundFamily],
) -> Service:
    settings, pools, engine, controls = base.settings, base.pools, base.engine, base.controls
    database, redis, prefix = pools.own, held.redis, settings.redis_prefix
    budget = settings.dry_run_budget
    script = GateScript(redis, prefix, lease=LEASE)
    flow = flow_limits_of(database, engine, controls, script)
    history = FlowHistory(redis, prefix)
    throttles = throttles_of(settings, database, bound, runs.context, controls, script)
    coverage = CoverageSurvey(database, bound, runs.context, budget)
    told = notifications_of(settings, database, bound, held.family_files, keys.box, held.changes)
    sent = events_of(settings, pools, engine, bound, held.changes)
    replies = ReplyWriter(pools.ledger, engine, runs.lifecycle, settings.look_ahead)
    batches = BatchDesk.of(replies, base.provided.values(), settings.max_result_bytes)
    metrics = metrics_of(settings, runs.meter, pools, engine, flow, batches)
    tick = tick_of(
        settings, pools, runs.reconciler, coverage, FlowRecorder(flow, history), throttles, told,
        sent, batches,
    )  # fmt: skip
    api = ApiState(
        client=runs.client,
        control=runs.control,
        finisher=runs.finisher,
        changes=held.changes,
        flow=flow,
        partitions=partition_limits_of(settings, redis, database, controls, script),
        throttles=throttles,
        flow_history=history,
        at_work=WorkBoard(redis, prefix),
        database=database,
        families=bound,
        cursors=keys.signer,
        answering=AnswerService(database, engine, bound),
        links=AnswerLinks(keys.signer, settings.public_url),
        engine=engine,
        files=held.files,
        coverage=coverage,
        backfills=BackfillService(database, engine, bound, runs.client, runs.control, budget),
        schedules=ScheduleService(database, runs.client, bound, held.family_files),
        notifications=told,
        events=sent,
        batches=batches,
        family_files=held.family_files,
        secrets=keys.box,
        redactor=base.redactor,
        previews=runs.previews,
        limits=CallLimits.of(settings),
        metrics=page_of(settings, metrics),
        traces=traces_of(settings, base.tracing),
        qstash=calls_of(settings, engine, base.families, tick),
        probes=probes_of(engine, pools, held.redis_check),
    )
    return Service(
        settings, pools, redis, engine, bound, worked, held.worked, runs.client, api,
        runs.services, controls, held.changes, runs.reconciler, throttles, metrics,
    )  # fmt: skip
