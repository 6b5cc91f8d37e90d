"""Layer 3: the work for exactly one item."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery, Engine
from app.flow.gate import Gate
from app.flow.item_locks import ItemLocks
from app.store.items.outcomes import ItemOutcome
from app.store.statuses import ItemStatus, RunStatus
from app.workflows.contract.context import Context
from app.workflows.contract.cron import Overlap
from app.workflows.keys import Layer
from app.workflows.layers.attempt import AttemptResult, History, attempt
from app.workflows.layers.attempt_history import PriorDeliveries, load_history
from app.workflows.layers.losses import MOST_LOSSES, Losses
from app.workflows.layers.outcome_writer import DeliveryResult, OutcomeWriter
from app.workflows.layers.paused_runs import PausedRuns
from app.workflows.messages import ExecuteMessage
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.cache import STOPPED, CachedRun, RunCache
from app.workflows.steps.item_tools import StepRunnerFactory
from app.workflows.steps.timers import WakeUpTimers

BUSY = timedelta(seconds=1)
"""After about so long an item is tried again that another run has in hand."""

log = structlog.get_logger("sluice.item")


@dataclass(frozen=True, slots=True)
class ExecuteLayer:
    database: AsyncEngine
    engine: Engine
    gate: Gate
    locks: ItemLocks
    context: Callable[..., Context]
    runs: RunCache
    outcomes: OutcomeWriter
    parking: PausedRuns
    waker: WakeUpTimers
    toolbox: StepRunnerFactory
    losses: Losses

    async def handle(self, bound: BoundFamily, delivery: Delivery) -> None:
        message = ExecuteMessage.read(delivery.payload)
        former = await load_history(self.database, message, delivery)
        while not await self._settled(bound, message, delivery, former):
            self.runs.changed(message.run)  # it was paused, or resumed, while we looked
            if former is not None and former.suspended:
                former = await load_history(self.database, message, delivery)

    async def _settled(
        self,
        bound: BoundFamily,
        message: ExecuteMessage,
        delivery: Delivery,
        former: PriorDeliveries | None,
    ) -> bool:
        """False: the run's status changed meanwhile, and must be looked at anew; or the item's."""
        view = await self.runs.get(message.run)
        if former is None or view is None:
            await self._drop(delivery)
            return True
        history, place = former.history, (message.run, message.item)
        if former.suspended and (view.status in STOPPED or view.status is RunStatus.RUNNING):
            # Of a run that is cancelled, whoever cancels it ends what is suspended.
            return not await self.waker.wake(place) and await self.waker.rest(place, delivery)
        if view.status in STOPPED:
            await self._write(message, delivery, _unattempted(history, ItemStatus.CANCELLED))
        elif view.status is RunStatus.PAUSED:
            return await self.parking.park(message.run, delivery)
        elif view.status is not RunStatus.RUNNING:
            await self._write(message, delivery, _put_off(history))  # it has not begun
        elif former.lost >= MOST_LOSSES:
            await self._write(message, delivery, _lost(delivery, former))
        else:
            verdict = await self._attempt(bound, view, message, delivery, former)
            if verdict is None:
                return False
            await self._write(message, delivery, verdict)
        return True

    async def _attempt(
        self,
        bound: BoundFamily,
        view: CachedRun,
        message: ExecuteMessage,
        delivery: Delivery,
        former: PriorDeliveries,
    ) -> AttemptResult | None:
        """None: the run stopped before the item's turn came."""
        history = former.history
        async with AsyncExitStack() as held:
            if former.lost:
                await held.enter_async_context(self.losses.room(former.lost))
            if not await self._turn(bound, view, message, held):
                return None
            # The wait may have been long, and the run may have been stopped meanwhile.
            now = await self.runs.get(message.run)
            if now is None or now.status is not RunStatus.RUNNING:
                return None
            lock = _lock_of(bound, view, message.item)
            if lock is not None and not await held.enter_async_context(
                self.locks.hold(bound.name, lock)
            ):
                return _put_off(history)
            if delivery.taken_over:
                await self.losses.begin((message.run, message.item), delivery)
            task = asyncio.current_task()
            if task is not None:
                task.set_name(delivery_name(message))
            number = history.attempts + 1
            tools = self.toolbox.tools(
                bound,
                delivery,
                message.run,
                message.item,
                attempt=number,
                origin=view.run.origin or message.run,
                remembers=former.steps,
            )
            ctx = self.context(
                bound, run_id=message.run, item_id=message.item, attempt=number, tools=tools
            )
            verdict = await attempt(bound, message.item, view.params, ctx, history)
            if delivery.stopped and verdict.error_traceback is not None:
                raise asyncio.CancelledError  # that it did not end well is our doing
        if verdict.error_class is not None:
            ctx.log.warning(
                "item_failed" if verdict.status is not ItemStatus.PENDING else "item_put_off",
                status=verdict.status,
                error=verdict.error_class,
                attempt=ctx.attempt,
                again_in=verdict.delay.total_seconds() if verdict.delay else None,
            )
        return verdict

    async def _turn(
        self, bound: BoundFamily, view: CachedRun, message: ExecuteMessage, held: AsyncExitStack
    ) -> bool:
        """Wait for the run's share and the flow key's permit. False: the run stopped first."""
        try:
            async with asyncio.timeout(None) as wait:
                self.runs.enter(message.run, wait)
                try:
                    if view.share is not None:
                        share = self.gate.share(message.run, lambda: self._share(message.run))
                        await held.enter_async_context(share)
                    await held.enter_async_context(self.gate.permit(bound.flow_key(Layer.EXECUTE)))
                finally:
                    self.runs.leave(message.run, wait)
        except TimeoutError:
            if not wait.expired():
                raise
            return False
        return True

    def _share(self, run_id: str) -> int | None:
        view = self.runs.peek(run_id)
        return None if view is None else view.share

    async def _drop(self, delivery: Delivery) -> None:
        async with self.database.begin() as tx:
            await self.engine.complete(tx, [delivery])

    async def _write(
        self, message: ExecuteMessage, delivery: Delivery, verdict: AttemptResult
    ) -> None:
        again = verdict.status in (ItemStatus.PENDING, ItemStatus.SUSPENDED)
        record = ItemOutcome(
            run_id=message.run,
            item_id=message.item,
            status=verdict.status,
            attempts=verdict.history.attempts,
            postponements=verdict.history.postponements,
            executed=verdict.history.executed,
            result=verdict.history.result,
            exact=verdict.history.exact,
            error_class=verdict.error_class,
            error_message=verdict.error_message,
            error_traceback=verdict.error_traceback,
            error_group=verdict.error_group,
            spent_usd=verdict.spent.usd,
            spent_tokens=verdict.spent.tokens,
            started_at=verdict.started_at,
            finished_at=None if again else verdict.finished_at,
            work_ms=verdict.work_ms,
            wake_in=verdict.delay if verdict.status is ItemStatus.SUSPENDED else None,
        )
        delay = verdict.delay if again else None
        await self.outcomes.write(
            DeliveryResult(delivery, record, delay, verdict.systemic, verdict.waits)
        )


def delivery_name(message: ExecuteMessage) -> str:
    """The task's name: what the watcher of the event loop reports."""
    return message.id()


def _lock_of(bound: BoundFamily, view: CachedRun, item_id: str) -> str | None:
    """Under which name only one delivery is at work; None: the family's runs never go side by
    side."""
    if bound.family.partitions is not None:
        # The same item of another partition is other work.
        params = json.dumps(view.run.params, sort_keys=True).encode()
        return f"{hashlib.sha256(params).hexdigest()[:16]}:{item_id}"
    return item_id if bound.family.overlap is Overlap.ALLOW else None


def _unattempted(history: History, status: ItemStatus) -> AttemptResult:
    now = datetime.now(UTC)
    return AttemptResult(status, history, now, now, 0)


def _put_off(history: History) -> AttemptResult:
    """Another run has the item in hand."""
    later = replace(history, postponements=history.postponements + 1)
    delay = BUSY * (0.5 + random.random())  # noqa: S311 - jitter
    return replace(_unattempted(later, ItemStatus.PENDING), delay=delay)


def _lost(delivery: Delivery, former: PriorDeliveries) -> AttemptResult:
    message = (
        f"Its worker ended {former.lost} times while the item was at work, and once before that"
        f" with the item in its hands, at work or not ({delivery.attempt - 1} deliveries). Look for"
        " what ends the process: memory, a native crash, os._exit()."
    )
    return replace(
        _unattempted(former.history, ItemStatus.FAILED),
        error_class="WorkerLost",
        error_message=message,
        error_group="Its worker ended while the item was at work.",
    )
