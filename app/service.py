"""Everything that is open while a service runs, and the workers that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.dependencies import ApiState
from app.engine import Engine
from app.flow.item_locks import ItemLocks
from app.flow.overrides import EffectiveLimits
from app.flow.redis_gate import LEASE, RedisGate
from app.settings import Settings
from app.store.database import sessions
from app.store.pool import in_line
from app.store.pools import Pools
from app.store.run_notifications import RunNotifications
from app.workflows.client import WorkflowClient
from app.workflows.family import Context, Services
from app.workflows.monitoring.coverage import CoverageSurvey
from app.workflows.monitoring.flow_recorder import FlowRecorder
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.threads import Threads
from app.workflows.runs.reconciler import RunReconciler
from app.workflows.schedules.scheduler import Scheduler
from app.workflows.steps.item_tools import DurableStepRunner
from app.workflows.steps.preview import PreviewStepRunner
from app.workflows.worker.maintenance import Watchdog
from app.workflows.worker.worker import SluiceWorker


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that is open, for as long as ``open_service`` is."""

    settings: Settings
    pools: Pools
    redis: Redis
    engine: Engine
    families: Mapping[str, BoundFamily]
    """As the API calls them."""
    worked: Mapping[str, BoundFamily]
    """As a worker does: in other threads."""
    threads: Threads
    """Those of ``worked``."""
    client: WorkflowClient
    api: ApiState
    services: Services
    controls: EffectiveLimits
    changes: RunNotifications
    mender: RunReconciler

    @property
    def database(self) -> AsyncEngine:
        return self.pools.own

    def worker(self) -> SluiceWorker:
        prefix = self.settings.redis_prefix
        days = self.settings.retention_days
        pool = self.pools.worked
        services = replace(self.services, database=pool, sessions=sessions(pool))
        context = partial(make_context, services)
        coverage = CoverageSurvey(self.database, self.worked, context, self.settings.dry_run_budget)
        return SluiceWorker(
            self.pools.ledger,
            self.engine,
            RedisGate(self.redis, prefix, self.controls, lease=LEASE),
            ItemLocks(self.redis, prefix, lease=LEASE),
            self.controls,
            self.worked,
            context,
            self.changes,
            self.mender,
            Watchdog(
                self.mender,
                self.pools.holding,
                every=self.settings.watchdog_seconds,
                keep=timedelta(days=days) if days else None,
                beside=(
                    coverage.run,
                    FlowRecorder(self.api.flow, self.api.flow_history).run,
                ),
            ),
            Scheduler(self.database, self.engine, self.worked),
            self.services.http,
            self.api.links,
            self.threads,
            partial(in_line, pool),
            concurrency=self.settings.worker_concurrency,
            look_ahead=self.settings.look_ahead,
        )


def make_context(
    services: Services,
    bound: BoundFamily,
    *,
    run_id: str | None = None,
    item_id: str | None = None,
    attempt: int = 1,
    preview: bool = False,
    tools: DurableStepRunner | PreviewStepRunner | None = None,
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
