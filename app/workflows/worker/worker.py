"""A worker: the engine's loop, the gate before each layer, and a watch over the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import httpx2
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Engine
from app.flow.gate import Gate
from app.flow.item_locks import ItemLocks
from app.flow.overrides import EffectiveLimits
from app.store.group_commit import GroupCommit
from app.store.run_notifications import RunNotifications
from app.workflows.contract.context import Context
from app.workflows.keys import Layer
from app.workflows.layers.execute import ExecuteLayer
from app.workflows.layers.losses import Losses
from app.workflows.layers.outcome_writer import OutcomeWriter
from app.workflows.layers.paginate import FanOut, PaginateLayer
from app.workflows.layers.paused_runs import PausedRuns
from app.workflows.layers.process import ProcessLayer
from app.workflows.monitoring.worker_heartbeat import Heartbeat
from app.workflows.monitoring.worker_load import LoadGauge
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.threads import Threads
from app.workflows.runs.cache import RunCache
from app.workflows.runs.estimate import Estimator
from app.workflows.runs.reconciler import RunReconciler
from app.workflows.schedules.scheduler import Scheduler
from app.workflows.steps.answer_links import AnswerLinks
from app.workflows.steps.children import ChildRuns
from app.workflows.steps.item_tools import StepRunnerFactory
from app.workflows.steps.journal import StepJournal
from app.workflows.steps.timers import WakeUpTimers
from app.workflows.worker.background import cancel_and_wait
from app.workflows.worker.dispatcher import Dispatcher
from app.workflows.worker.event_loop_monitor import EventLoopMonitor
from app.workflows.worker.maintenance import Watchdog

PAGES_AT_ONCE = 40
"""Process and paginate messages in one worker's hands."""

CLEANING = 1.0
"""Seconds that what runs beside the work has for cleaning up, before it is cancelled once more."""

log = structlog.get_logger("sluice.worker")


class SluiceWorker:
    """Executes every family's messages until it is stopped.

    ``waiting``: how many calls of families wait for a connection.
    """

    def __init__(
        self,
        database: AsyncEngine,
        engine: Engine,
        gate: Gate,
        locks: ItemLocks,
        controls: EffectiveLimits,
        families: Mapping[str, BoundFamily],
        context: Callable[..., Context],
        changes: RunNotifications,
        mender: RunReconciler,
        watchdog: Watchdog,
        scheduler: Scheduler,
        http: httpx2.AsyncClient,
        links: AnswerLinks,
        threads: Threads,
        waiting: Callable[[], int],
        *,
        concurrency: int,
        look_ahead: int,
    ) -> None:
        keeper = mender.keeper
        self._gate = gate
        self._controls = controls
        self._concurrency = concurrency
        cache = RunCache(database, families, changes)
        self._background = [gate.run, locks.run, cache.watch, watchdog.run, scheduler.run]
        outcomes = OutcomeWriter(
            database, engine, keeper, look_ahead=look_ahead, changed=cache.changed
        )
        parking = PausedRuns(database, engine)
        fan_out = FanOut(database, engine)
        dispatcher = Dispatcher(
            database,
            engine,
            controls,
            families,
            {
                Layer.PROCESS: ProcessLayer(
                    database,
                    engine,
                    gate,
                    context,
                    keeper,
                    parking,
                    Estimator(database, controls),
                ),
                Layer.PAGINATE: PaginateLayer(
                    database,
                    engine,
                    gate,
                    context,
                    cache,
                    keeper,
                    look_ahead,
                    GroupCommit(fan_out.commit),
                ),
                Layer.EXECUTE: ExecuteLayer(
                    database,
                    engine,
                    gate,
                    locks,
                    context,
                    cache,
                    outcomes,
                    parking,
                    WakeUpTimers(database, engine, look_ahead=look_ahead),
                    StepRunnerFactory(
                        StepJournal(database, engine),
                        ChildRuns(database, engine, families, look_ahead),
                        http,
                        links,
                    ),
                    Losses(database, engine),
                ),
            },
            mender,
        )
        # Pages and items are taken side by side: items that take long must not keep pages, and
        # with them every other family, from being read.
        self._consumers = [
            engine.worker(dispatcher.handlers(*layers), room=dispatcher.room, concurrency=at_once)
            for layers, at_once in (
                ((Layer.PROCESS, Layer.PAGINATE), PAGES_AT_ONCE),
                ((Layer.EXECUTE,), concurrency),
            )
        ]
        threads.wakes.append(self._consumers[-1].look)
        gauge = LoadGauge(lambda: self._consumers[-1].at_work, threads, waiting)
        heartbeat = Heartbeat(database, concurrency, gauge)
        self._background.append(heartbeat.run)

    async def run(self) -> None:
        """Until ``stop``: what is in hand ends first, within the stop's time limit."""
        log.info("worker_started", concurrency=self._concurrency)
        await self._controls.refresh()
        background = [asyncio.create_task(run()) for run in self._background]
        try:
            async with EventLoopMonitor(), asyncio.TaskGroup() as group:
                for consumer in self._consumers:
                    group.create_task(consumer.run())
        finally:
            await cancel_and_wait(background, again=CLEANING)
        log.info("worker_stopped")

    def stop(self) -> None:
        self._gate.close()  # what has not begun goes back to the queue
        for consumer in self._consumers:
            consumer.stop()
