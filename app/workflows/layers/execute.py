"""Layer 3: the work for exactly one item, for each of a message's items."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery, Engine
from app.flow.gate import Gate, GateClosed
from app.flow.item_locks import ItemLocks
from app.store.statuses import ItemStatus, RunStatus
from app.workflows.contract.context import Context
from app.workflows.keys import Layer, item_message
from app.workflows.layers.attempt import AttemptResult, attempt
from app.workflows.layers.claiming import ClaimedItem, Hand, ItemClaimer
from app.workflows.layers.endings import lock_of, lost, put_off, result, unattempted
from app.workflows.layers.item_places import ItemPlaces
from app.workflows.layers.losses import MOST_LOSSES, Losses
from app.workflows.layers.outcome_writer import DeliveryResult, OutcomeWriter
from app.workflows.layers.paused_runs import PausedRuns
from app.workflows.messages import ExecuteMessage
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.cache import STOPPED, CachedRun, RunCache
from app.workflows.steps.item_tools import StepRunnerFactory

log = structlog.get_logger("sluice.item")


@dataclass(frozen=True, slots=True)
class ExecuteLayer:
    database: AsyncEngine
    engine: Engine
    gate: Gate
    locks: ItemLocks
    context: Callable[..., Context]
    runs: RunCache
    claimer: ItemClaimer
    places: ItemPlaces
    outcomes: OutcomeWriter
    parking: PausedRuns
    toolbox: StepRunnerFactory
    losses: Losses

    async def handle(self, bound: BoundFamily, delivery: Delivery) -> timedelta | None:
        message = ExecuteMessage.read(delivery.payload)
        if (task := asyncio.current_task()) is not None:
            task.set_name(message.id())  # for whoever is told what did not end
        ids = self._fitting(bound, message.items)
        # Counted before anything is waited for, so that no more is taken than there is room for.
        self.places.enter(delivery.flow_key, len(ids))
        expected = [bound.threads.expect() if bound.plain else nullcontext() for _ in ids]
        hand = Hand([])
        try:
            hand = await self._taken(bound, message, ids, delivery)
        finally:
            self.places.leave_untaken(delivery.flow_key, len(ids) - len(hand.items))
            for one in expected[len(hand.items) :]:
                with one:
                    pass
        if not hand.items:
            return hand.left if len(message.items) == 1 else None
        work = [
            asyncio.create_task(
                self._item(bound, item, delivery, thread), name=item_message(*item.claim.place)
            )
            for item, thread in zip(hand.items, expected, strict=False)
        ]
        try:
            await asyncio.wait(work)
        except asyncio.CancelledError:
            for task in work:
                task.cancel()
            await asyncio.wait(work)
            raise
        return await self._ended(hand.items, work)

    def _fitting(self, bound: BoundFamily, ids: Sequence[str]) -> Sequence[str]:
        """Those for which there is a place here, one at least."""
        room = bound.threads.room(all_need=bound.plain)
        if len(ids) > self.places.concurrency:
            free = self.places.free
            room = free if room is None else min(room, free)
        return ids if room is None else ids[: max(1, room)]

    async def _taken(
        self,
        bound: BoundFamily,
        message: ExecuteMessage,
        ids: Sequence[str],
        delivery: Delivery,
    ) -> Hand:
        view = await self.runs.get(message.run)
        if view is None or view.status is RunStatus.PAUSED:
            return Hand([])  # the resume sends for what nobody has in hand
        if view.status is RunStatus.RUNNING:
            _ = view.params  # refused for all of its items, before one of them is taken
        if len(ids) < len(message.items):
            # Sent on, so that another worker may have them.
            rest = ExecuteMessage(run=message.run, items=message.items[len(ids) :])
            async with self.database.begin() as tx:
                await self.engine.publish(tx, [rest.outgoing(bound.name)])
        return await self.claimer.take(message.run, ids, delivery.token)

    async def _ended(
        self, held: Sequence[ClaimedItem], work: Sequence[asyncio.Task[None]]
    ) -> timedelta | None:
        """Raises what went wrong with an item otherwise than in its own code."""
        errors = [error for task in work if (error := task.exception()) is not None]
        unbegun = [one.claim for one, task in zip(held, work, strict=True) if _sent_away(task)]
        if unbegun:
            await self.claimer.release(unbegun)
        for error in errors:
            if not isinstance(error, GateClosed):
                raise error
        return timedelta(0) if unbegun else None

    async def _item(
        self,
        bound: BoundFamily,
        item: ClaimedItem,
        delivery: Delivery,
        thread: AbstractContextManager[None],
    ) -> None:
        try:
            ending = None
            with thread:
                async with self.places.turn(delivery.flow_key):
                    ending = await self._decided(bound, item, delivery)
                    if ending is not None and not ending.may_be_followed:
                        await self.outcomes.write(ending)
                        ending = None
            if ending is not None:
                await self.outcomes.write(ending)
        finally:
            self.places.leave()

    async def _decided(
        self, bound: BoundFamily, item: ClaimedItem, delivery: Delivery
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
                found = await self._attempt(bound, view, item, delivery)
                if found is None:
                    self.runs.changed(run_id)  # it was paused, or resumed, while we looked
                    continue
                verdict = found
            return result(bound, item, verdict)

    async def _attempt(
        self, bound: BoundFamily, view: CachedRun, item: ClaimedItem, delivery: Delivery
    ) -> AttemptResult | None:
        """None: the run stopped before the item's turn came."""
        history, (run_id, item_id) = item.history, item.claim.place
        async with AsyncExitStack() as held:
            if item.lost:
                await held.enter_async_context(self.losses.room(item.lost))
            if not await self._turn(bound, view, run_id, held):
                return None
            # The wait may have been long, and the run may have been stopped meanwhile.
            now = await self.runs.get(run_id)
            if now is None or now.status is not RunStatus.RUNNING:
                return None
            lock = lock_of(bound, view, item_id)
            if lock is not None and not await held.enter_async_context(
                self.locks.hold(bound.name, lock)
            ):
                return put_off(history)
            if item.taken_over:
                await self.losses.begin(item.claim)
            number = history.attempts + 1
            tools = self.toolbox.tools(
                bound,
                item.claim,
                attempt=number,
                origin=view.run.origin or run_id,
                remembers=item.steps,
            )
            ctx = self.context(bound, run_id=run_id, item_id=item_id, attempt=number, tools=tools)
            verdict = await attempt(bound, item_id, view.params, ctx, history)
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
        self, bound: BoundFamily, view: CachedRun, run_id: str, held: AsyncExitStack
    ) -> bool:
        """Wait for the run's share and the flow key's permit. False: the run stopped first."""
        flow_key = bound.flow_key(Layer.EXECUTE)
        permit = None if view.share is not None else self.gate.at_once(flow_key)
        if permit is not None:
            await held.enter_async_context(permit)
            return True
        try:
            async with asyncio.timeout(None) as wait:
                self.runs.enter(run_id, wait)
                try:
                    if view.share is not None:
                        share = self.gate.share(run_id, lambda: self._share_of(run_id))
                        await held.enter_async_context(share)
                    await held.enter_async_context(self.gate.permit(flow_key))
                finally:
                    self.runs.leave(run_id, wait)
        except TimeoutError:
            if not wait.expired():
                raise
            return False
        return True

    def _share_of(self, run_id: str) -> int | None:
        view = self.runs.peek(run_id)
        return None if view is None else view.share


def _sent_away(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and isinstance(task.exception(), GateClosed)
