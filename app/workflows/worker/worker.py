"""A worker: the engine's loops, what runs beside them, and a watch over the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from app.engine import Engine
from app.flow.gate import Gate
from app.flow.overrides import EffectiveLimits
from app.workflows.keys import Layer
from app.workflows.worker.background import cancel_and_wait
from app.workflows.worker.dispatcher import Dispatcher
from app.workflows.worker.event_loop_monitor import EventLoopMonitor

Beside = Callable[[], Coroutine[Any, Any, None]]  # of a coroutine function

PAGES_AT_ONCE = 40
"""Process and paginate messages in one worker's hands."""

CLEANING = 1.0
"""Seconds that what runs beside the work has for cleaning up, before it is cancelled once more."""

log = structlog.get_logger("sluice.worker")


class SluiceWorker:
    """Executes every family's messages until it is stopped.

    Args:
        dispatcher: has the layers, and takes what the engine delivers to them.
        beside: what runs as long as the worker does.
        concurrency: items in its hands at once.
    """

    def __init__(
        self,
        engine: Engine,
        dispatcher: Dispatcher,
        gate: Gate,
        controls: EffectiveLimits,
        beside: Sequence[Beside],
        *,
        concurrency: int,
    ) -> None:
        self._gate = gate
        self._controls = controls
        self._concurrency = concurrency
        self._beside = beside
        # Pages and items are taken side by side: items that take long must not keep pages, and
        # with them every other family, from being read.
        self._pages, self._items = (
            engine.worker(dispatcher.handlers(*layers), room=dispatcher.room, concurrency=at_once)
            for layers, at_once in (
                ((Layer.PROCESS, Layer.PAGINATE), PAGES_AT_ONCE),
                ((Layer.EXECUTE,), concurrency),
            )
        )

    @property
    def at_work(self) -> int:
        """Items in its hands."""
        return self._items.at_work

    def look(self) -> None:
        """There is room for an item that was not taken before."""
        self._items.look()

    async def run(self) -> None:
        """Until ``stop``: what is in hand ends first, within the stop's time limit."""
        log.info("worker_started", concurrency=self._concurrency)
        await self._controls.refresh()
        background = [asyncio.create_task(run()) for run in self._beside]
        try:
            async with EventLoopMonitor(), asyncio.TaskGroup() as group:
                for consumer in (self._pages, self._items):
                    group.create_task(consumer.run())
        finally:
            await cancel_and_wait(background, again=CLEANING)
        log.info("worker_stopped")

    def stop(self) -> None:
        self._gate.close()  # what has not begun goes back to the queue
        for consumer in (self._pages, self._items):
            consumer.stop()
