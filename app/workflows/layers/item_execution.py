"""One item in a delivery's hands: its turn, its attempt, its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from app.engine import Delivery
from app.flow.gate import Gate
from app.flow.item_locks import ItemLocks
from app.logs import DebugLog
from app.metrics.meter import WorkMeter
from app.store.statuses import ItemStatus, RunStatus
from app.workflows.attempts.attempt_result import AttemptResult
from app.workflows.attempts.attempt_trace import traced_attempt
from app.workflows.attempts.delivery_result import DeliveryResult
from app.workflows.contract.context import Context
from app.workflows.finish.finished_runs import FinishedRuns
from app.workflows.item_partitions import partitioned, partitions_of
from app.workflows.keys import Layer
from app.workflows.layers.attempt import attempt
from app.workflows.layers.endings import lock_of, lost, put_off, result, unattempted
from app.workflows.layers.item_claims import ClaimedItem
from app.workflows.layers.item_clock import ItemClocks
from app.workflows.layers.item_permits import ItemPermits
from app.workflows.layers.losses import MOST_LOSSES, Losses
from app.workflows.layers.outcome_writer import OutcomeWriter
from app.workflows.layers.paused_runs import PausedRuns
from app.workflows.monitoring.items_at_work import ItemsAtWork
from app.workflows.places.item_places import ItemPlaces, ItemTurn
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.cache import STOPPED, CachedRun, RunCache
from app.workflows.steps.durable_runner import DurableStepRunner
from app.workflows.steps.on_demand import StepRunnerParts
from app.workflows.throttles.told_holds import ToldHolds

detail_log = DebugLog("sluice.item")


@dataclass(frozen=True, slots=True)
class ItemExecutor:
    gate: Gate
    locks: ItemLocks
    context: Callable[..., Context]
    runs: RunCache
    places: ItemPlaces
    outcomes: OutcomeWriter
    parking: PausedRuns
    runner_parts: StepRunnerParts
    permits: ItemPermits
    losses: Losses
    at_work: ItemsAtWork
    finished: FinishedRuns
    told: ToldHolds
    meter: WorkMeter | None = None
    clocks: ItemClocks = field(default_factory=ItemClocks)

    async def execute(
        self,
        bound: BoundFamily,
        item: ClaimedItem,
        delivery: Delivery,
        thread: AbstractContextManager[None],
        turn: ItemTurn | None = None,
    ) -> None:
        """Return when the item's outcome is committed, or nobody has a claim on the item any more.

        Args:
            thread: entered while the item may need one.
            turn: that has come already; None: it is waited for.

        Raises:
            GateClosed: the worker stops, and the item has not begun.
        """
        try:
            ending = None
            with thread:
                turn = turn or self.places.turn(delivery.flow_key, delivery.priority)
                async with turn:
                    ending = await self._decided(bound, item, delivery, turn)
                    if ending is not None and not ending.may_be_followed:
                        await self.outcomes.write(ending)
                        ending = None
            if ending is not None:
                await self.outcomes.write(ending)
        finally:
            self.places.leave()

    async def _decided(
        self, bound: BoundFamily, item: ClaimedItem, delivery: Delivery, turn: ItemTurn
    ) -> DeliveryResult | None:
        """How the item ends here; None: it is in nobody's hands until its run is resumed."""
        run_id = item.claim.run_id
        while True:
            view = await self.runs.get(run_id)
            if view is None:
                return None
            if view.status in STOPPED:
                verdict = unattempted(item.history, ItemStatus.CANCELLED)
            elif view.status is RunStatus.PAUSED:
                if await self.parking.park(item.claim):
                    return None
                self.runs.changed(run_id)
                continue
            elif view.status is not RunStatus.RUNNING:
                verdict = put_off(item.history)  # it has not begun
            elif item.lost >= MOST_LOSSES:
                verdict = lost(delivery, item)
            else:
                found = await self._attempt(bound, view, item, delivery, turn)
                if found is None:
                    self.runs.changed(run_id)  # it was paused, or resumed, while we looked
                    continue
                verdict = found
            if detail_log.is_on():
                detail_log.debug(
                    "item_handled",
                    family=bound.name,
                    layer=Layer.EXECUTE,
                    run=run_id,
                    item=item.claim.item_id,
                    status=verdict.status,
                    attempt=verdict.history.attempts,
                    milliseconds=verdict.work_ms,
                )
            return result(bound, view, item, verdict)

    async def _attempt(
        self,
        bound: BoundFamily,
        view: CachedRun,
        item: ClaimedItem,
        delivery: Delivery,
        turn: ItemTurn,
    ) -> AttemptResult | None:
        """Attempt the item when its turn comes; None: the run stopped first."""
        run_id, flow_key = item.claim.run_id, bound.flow_key(Layer.EXECUTE)
        limited = partitioned(bound)
        permit: AbstractAsyncContextManager[None] | None = None
        if view.share is not None or item.lost:
            turn.forgo_permit()  # or it would be kept from others while this one waits
        elif limited:
            permit = turn.granted()
        else:
            permit = self.gate.at_once(flow_key, view.priority)
        if permit is not None:
            async with permit:
                return await self._locked(bound, view, item, delivery)
        partition = await self._partition(bound, view, item) if limited else None
        async with AsyncExitStack() as held:
            if item.lost:
                await held.enter_async_context(self.losses.room(item.lost))
            # What waits for a lost item's room keeps its turn, or two might wait for one another.
            passable = None if item.lost else turn
            if not await self.permits.enter(held, flow_key, partition, view, passable, run_id):
                return None
            # The wait may have been long, and the run may have been stopped meanwhile.
            now = await self.runs.get(run_id)
            if now is None or now.status is not RunStatus.RUNNING:
                return None
            return await self._locked(bound, view, item, delivery)

    async def _locked(
        self, bound: BoundFamily, view: CachedRun, item: ClaimedItem, delivery: Delivery
    ) -> AttemptResult:
        lock = lock_of(bound, view, item.claim.item_id)
        if lock is None:
            return await self._begun(bound, view, item, delivery)
        async with self.locks.hold(bound.name, lock) as ours:
            if not ours:
                return put_off(item.history)
            return await self._begun(bound, view, item, delivery)

    async def _begun(
        self, bound: BoundFamily, view: CachedRun, item: ClaimedItem, delivery: Delivery
    ) -> AttemptResult:
        work = self._performed(bound, view, item, delivery)
        if view.trace is None:
            return await work
        number = item.history.attempts + 1
        return await traced_attempt(view.trace, item.trace, item.claim.item_id, number, work)

    async def _performed(
        self, bound: BoundFamily, view: CachedRun, item: ClaimedItem, delivery: Delivery
    ) -> AttemptResult:
        run_id, item_id = item.claim.place
        if item.taken_over:
            await self.losses.begin(item.claim)
        number = item.history.attempts + 1
        work = self.at_work.begin(run_id, item_id, number)
        runner = DurableStepRunner(
            self.runner_parts,
            bound,
            item.claim,
            work,
            attempt=number,
            origin=view.origin,
            remembers=item.steps,
        )
        ctx = self.context(bound, run_id=run_id, item_id=item_id, attempt=number, runner=runner)
        finish = None
        if view.finish_of is not None:
            finish = partial(self.finished.finish, bound, view, ctx)
        try:
            verdict = await attempt(
                bound, item_id, view.params, ctx, item.history,
                attempts=view.attempts, entity=view.entity, finish=finish, clocks=self.clocks,
            )  # fmt: skip
        finally:
            self.at_work.end(run_id, item_id, work)
        if self.meter is not None and finish is None:
            late = 0.0 if delivery.due is None else max(verdict.begun - delivery.due, 0.0)
            self.meter.attempted(
                bound.name, run_id, late, verdict.execute_seconds, verdict.save_seconds
            )
        if delivery.stopped and verdict.error_traceback is not None:
            raise asyncio.CancelledError  # that it did not end well is our doing
        if verdict.hold is not None:
            # While its own permit is held, which nobody gets who might begin before it is known.
            flow_key = bound.flow_key(Layer.EXECUTE)
            await self.told.hold(flow_key, verdict.hold, verdict.error_message or "")
        if verdict.error_class is not None:
            ctx.log.warning(
                "item_failed" if verdict.status is not ItemStatus.PENDING else "item_put_off",
                status=verdict.status,
                error=verdict.error_class,
                attempt=ctx.attempt,
                again_in=verdict.delay.total_seconds() if verdict.delay else None,
            )
        return verdict

    async def _partition(
        self, bound: BoundFamily, view: CachedRun, item: ClaimedItem
    ) -> str | None:
        """The item's partition; None: it has none."""
        if item.partition is None and view.entity is None and view.run.finish_of is None:
            item_id = item.claim.item_id
            ctx = self.context(bound, run_id=item.claim.run_id, item_id=item_id)
            return (await partitions_of(bound, view.params, ctx, [item_id]))[item_id] or None
        return item.partition or None
