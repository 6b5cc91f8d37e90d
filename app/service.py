"""Everything that is open while a service runs, and the workers that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.dependencies import ApiState
from app.config.engine_settings import EngineName
from app.engine import Engine
from app.flow.delivery_gate import DeliveryGate
from app.flow.gate import Gate
from app.flow.item_locks import ItemLocks
from app.flow.overrides import EffectiveLimits
from app.flow.redis_gate import LEASE, RedisGate
from app.metrics.meter import WorkMeter
from app.settings import Settings
from app.store.database import sessions
from app.store.pool import in_line
from app.store.pools import Pools
from app.store.run_notifications import RunNotifications
from app.workflows.batching.batched_calls import BatchedCalls
from app.workflows.client import WorkflowClient
from app.workflows.contexts import make_context
from app.workflows.events.event_waits import EventWaits
from app.workflows.events.starter import EventStarter
from app.workflows.family import Context, Services
from app.workflows.finish.finished_runs import FinishedRuns
from app.workflows.keys import Layer, new_worker, parse_flow_key, worker_id
from app.workflows.layers.execute import ExecuteLayer
from app.workflows.layers.item_claims import ItemClaimer
from app.workflows.layers.item_execution import ItemExecutor
from app.workflows.layers.item_permits import ItemPermits
from app.workflows.layers.losses import Losses
from app.workflows.layers.outcome_writer import OutcomeWriter
from app.workflows.layers.paginate import PaginateLayer
from app.workflows.layers.paused_runs import PausedRuns
from app.workflows.layers.process import ProcessLayer
from app.workflows.monitoring.coverage import CoverageSurvey
from app.workflows.monitoring.flow_recorder import FlowRecorder
from app.workflows.monitoring.items_at_work import ItemsAtWork, WorkTeller
from app.workflows.monitoring.metrics import MetricsReadings
from app.workflows.monitoring.worker_heartbeat import Heartbeat
from app.workflows.monitoring.worker_load import LoadGauge
from app.workflows.places.item_places import ItemPlaces
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.threads import Threads
from app.workflows.runs.cache import RunCache
from app.workflows.runs.estimate import Estimator
from app.workflows.runs.reconciler import RunReconciler
from app.workflows.schedules.scheduler import Scheduler
from app.workflows.steps.children.child_runs import ChildRuns
from app.workflows.steps.journal import StepJournal
from app.workflows.steps.on_demand import StepRunnerParts
from app.workflows.steps.timers import WakeUpTimers
from app.workflows.throttles.looks import ThrottleLooks
from app.workflows.throttles.told_holds import ToldHolds
from app.workflows.worker.background import Beside
from app.workflows.worker.dispatcher import Dispatcher, LayerPort
from app.workflows.worker.lanes import ItemLane, PageLane
from app.workflows.worker.maintenance import Watchdog
from app.workflows.worker.retention_loop import RetentionLoop
from app.workflows.worker.throttle_watch import ThrottleWatch
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
    reconciler: RunReconciler
    throttles: ThrottleLooks
    metrics: MetricsReadings | None = None
    """None: nobody may scrape, and nothing is counted."""

    @property
    def _meter(self) -> WorkMeter | None:
        return self.reconciler.meter

    @property
    def database(self) -> AsyncEngine:
        return self.pools.own

    def worker(self) -> SluiceWorker:
        settings, ledger = self.settings, self.pools.ledger
        context = self._context_of_items()
        gate = self._gate()
        locks = ItemLocks(self.redis, settings.redis_prefix, lease=LEASE)
        cache = RunCache(ledger, self.worked, self.changes)
        places = ItemPlaces(settings.worker_concurrency, settings.bulk_share)
        working, identity = ItemsAtWork(), new_worker()
        name = worker_id(identity)
        told = ToldHolds(ledger, self.controls, self.throttles.tell)
        layers = self._layers(gate, locks, cache, context, places, working, name, told)
        dispatcher = Dispatcher(
            ledger, self.worked, layers, self.reconciler, gate, self.throttles, told, self._meter
        )
        pages = dispatcher.handlers(Layer.PROCESS, Layer.PAGINATE)
        items = dispatcher.handlers(Layer.EXECUTE)
        gauge = LoadGauge(lambda: worker.at_work, self.threads, partial(in_line, self.pools.worked))
        if self.metrics is not None:
            self.metrics.process.load = gauge.read
        heartbeat = Heartbeat(ledger, settings.worker_concurrency, gauge, name)
        teller = WorkTeller(self.api.at_work, working, name)
        worker = SluiceWorker(
            self.engine,
            (
                PageLane(pages, self.controls, self._stays),
                ItemLane(items, self.controls, places, self.worked, self._stays),
            ),
            identity,
            places,
            gate,
            self.controls,
            self.pools.prepare_for_items,
            [gate.run, locks.run, heartbeat.run, teller.run, *self._loops(cache, context)],
            called=self._is_called,
        )
        self.threads.wakes.append(worker.look)
        self.throttles.wakes.append(worker.look)
        return worker

    @property
    def _is_called(self) -> bool:
        """QStash calls us, with messages and as a clock, and no worker has to be there."""
        return self.settings.engine is EngineName.QSTASH

    def _stays(self, flow_key: str) -> bool:
        """What is delivered whether there is room or not is told when to come again."""
        if self._is_called:
            return False
        held = self.controls.holds.of(flow_key) is not None
        return held or self.throttles.asks(parse_flow_key(flow_key)[0])

    def _gate(self) -> Gate:
        settings = self.settings
        gate = RedisGate(
            self.redis,
            settings.redis_prefix,
            self.controls,
            lease=LEASE,
            share=settings.bulk_share,
        )
        return DeliveryGate(gate) if self._is_called else gate

    def _loops(self, cache: RunCache, context: Callable[..., Context]) -> Sequence[Beside]:
        """Of a worker that is always there."""
        if self._is_called:
            return ()
        return (
            cache.watch,
            self._watchdog(context).run,
            Scheduler(self.database, self.engine, self.worked, meter=self._meter).run,
            EventStarter(self.database, self.engine, self.worked, self.changes).run,
        )

    def _context_of_items(self) -> Callable[..., Context]:
        pool = self.pools.worked
        return partial(make_context, replace(self.services, database=pool, sessions=sessions(pool)))

    def _layers(
        self,
        gate: Gate,
        locks: ItemLocks,
        cache: RunCache,
        context: Callable[..., Context],
        places: ItemPlaces,
        working: ItemsAtWork,
        worker: str,
        told: ToldHolds,
    ) -> Mapping[Layer, LayerPort]:
        ledger, engine, lifecycle = self.pools.ledger, self.engine, self.reconciler.lifecycle
        look_ahead, windows = self.settings.look_ahead, self.reconciler.windows
        estimator = Estimator(ledger, self.controls)
        outcomes = OutcomeWriter(
            ledger, engine, lifecycle,
            look_ahead=look_ahead, changed=cache.changed, windows=windows, meter=self._meter,
        )  # fmt: skip
        steps = StepRunnerParts(
            StepJournal(ledger), ChildRuns(ledger, engine, self.worked, look_ahead),
            self.services.http, self.api.links, BatchedCalls(gate, cache, context),
            self.api.batches.calls, EventWaits(ledger, engine),
        )  # fmt: skip
        items = ItemExecutor(
            gate, locks, context, cache, places, outcomes, PausedRuns(ledger), steps,
            ItemPermits(gate, cache), Losses(ledger), working,
            FinishedRuns(ledger, self.worked, self.changes), told, self._meter,
        )  # fmt: skip
        paginate = PaginateLayer(
            ledger, engine, gate, context, cache, lifecycle, look_ahead, windows
        )
        return {
            Layer.PROCESS: ProcessLayer(ledger, engine, gate, context, lifecycle, estimator),
            Layer.PAGINATE: paginate,
            Layer.EXECUTE: ExecuteLayer(
                ledger,
                engine,
                cache,
                ItemClaimer(ledger, engine, WakeUpTimers(ledger, look_ahead=look_ahead), worker),
                places,
                items,
                self._meter,
            ),
        }

    def _watchdog(self, context: Callable[..., Context]) -> Watchdog:
        settings = self.settings
        return Watchdog(
            self.reconciler,
            self.pools.holding,
            every=settings.watchdog_seconds,
            silence=settings.silence,
            beside=(
                CoverageSurvey(self.database, self.worked, context, settings.dry_run_budget).run,
                ThrottleWatch(self.throttles).run,
                FlowRecorder(self.api.flow, self.api.flow_history).run,
                self.api.events.inbox.waker.run,
                self.api.notifications.sender.run,
                self.api.batches.collector.run,
                RetentionLoop.of(
                    self.database,
                    self.worked,
                    days=settings.retention_days,
                    audit_days=settings.audit_days,
                    event_days=settings.event_days,
                ).run,
            ),
        )
