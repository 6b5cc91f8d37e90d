"""A worker: the engine's loops, what runs beside them, and a watch over the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import structlog

from app.engine import Engine, Lane
from app.flow.gate import Gate
from app.flow.overrides import EffectiveLimits
from app.workflows.keys import worker_id
from app.workflows.places.item_places import ItemPlaces
from app.workflows.worker.background import Beside, cancel_and_wait, keep_running
from app.workflows.worker.event_loop_monitor import EventLoopMonitor

CLEANING = 1.0
"""Seconds that what runs beside the work has for cleaning up, before it is cancelled once more."""

log = structlog.get_logger("sluice.worker")


class SluiceWorker:
    """Executes every family's messages until it is stopped.

    Args:
        lanes: what it takes, and what it does with it.
        identity: by which the engine knows it, and people by its ``worker_id``.
        places: of the items that it has in hand.
        prepare: awaited before anything is taken, so that the first item does not wait for it.
        beside: what runs as long as the worker does.
        called: it waits for no message: each comes as a call of the API.
    """

    def __init__(
        self,
        engine: Engine,
        lanes: Sequence[Lane],
        identity: UUID,
        places: ItemPlaces,
        gate: Gate,
        controls: EffectiveLimits,
        prepare: Callable[[], Awaitable[None]],
        beside: Sequence[Beside],
        *,
        called: bool = False,
    ) -> None:
        self._gate = gate
        self._controls = controls
        self._places = places
        self._name = worker_id(identity)
        self._prepare = prepare
        self._beside = beside
        self._called = called
        self.begun = asyncio.Event()
        """Set once what is delivered is taken."""
        self._consumer = engine.worker(lanes, identity)
        places.freed = self._consumer.look

    @property
    def at_work(self) -> int:
        """The number of items in its hands."""
        return self._places.at_work

    def look(self) -> None:
        """Claim again: there may be room for an item that was not taken before."""
        self._consumer.look()

    async def run(self) -> None:
        """Work until ``stop``. Items in hand then have the stop's time limit to end."""
        log.info(
            "receiver_started" if self._called else "worker_started",
            worker=self._name,
            concurrency=self._places.concurrency,
        )
        await self._controls.refresh()
        if not self._called:  # what begins with a call waits for its connections then
            await self._prepare()
        background = [asyncio.create_task(keep_running(run)) for run in self._beside]
        try:
            with self._controls.holds.heard_by(self._consumer.look):
                async with EventLoopMonitor():
                    self.begun.set()
                    await self._consumer.run()
        finally:
            await cancel_and_wait(background, again=CLEANING)
        log.info("receiver_stopped" if self._called else "worker_stopped", worker=self._name)

    def stop(self) -> None:
        self._gate.close()  # what has not begun goes back to the queue
        self._consumer.stop()
