"""A worker: the engine's loop, the gate before each layer, and a watch over the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import httpx2
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Engine
from app.flow.controls import FlowControls
from app.flow.gate import Gate
from app.flow.item_locks import ItemLocks
from app.store.changes import RunChanges
from app.workflows.answer_links import AnswerLinks
from app.workflows.background import end
from app.workflows.bound import BoundFamily
from app.workflows.children import Children
from app.workflows.dispatch import Dispatcher
from app.workflows.estimate import Estimator
from app.workflows.execute import ExecuteLayer
from app.workflows.family import Context
from app.workflows.group_commit import GroupCommit
from app.workflows.heartbeat import Heartbeat
from app.workflows.item_tools import Toolbox
from app.workflows.keys import Layer
from app.workflows.load import LoadGauge
from app.workflows.loop_watch import LoopWatch
from app.workflows.losses import Losses
from app.workflows.mending import Mender
from app.workflows.outcomes import OutcomeWriter
from app.workflows.paginate import FanOut, PaginateLayer
from app.workflows.parking import Parking
from app.workflows.process import ProcessLayer
from app.workflows.run_cache import RunCache
from app.workflows.scheduler import Scheduler
from app.workflows.step_ledger import StepLedger
from app.workflows.threads import Threads
from app.workflows.waking import Waker
from app.workflows.watchdog import Watchdog

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
        controls: FlowControls,
        families: Mapping[str, BoundFamily],
        context: Callable[..., Context],
        changes: RunChanges,
        mender: Mender,
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
        parking = Parking(database, engine)
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
                    Waker(database, engine, look_ahead=look_ahead),
                    Toolbox(
                        StepLedger(database, engine),
                        Children(database, engine, families, look_ahead),
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
            async with LoopWatch(), asyncio.TaskGroup() as group:
                for consumer in self._consumers:
                    group.create_task(consumer.run())
        finally:
            await end(background, again=CLEANING)
        log.info("worker_stopped")

    def stop(self) -> None:
        self._gate.close()  # what has not begun goes back to the queue
        for consumer in self._consumers:
            consumer.stop()
