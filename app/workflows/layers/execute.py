"""Layer 3: the work for exactly one item, for each of a message's items."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, repeat

from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery, Engine
from app.flow.gate import GateClosed, PartitionBusy
from app.logs import DebugLog
from app.metrics.meter import WorkMeter
from app.store.statuses import RunStatus
from app.tracing.current import NOTHING
from app.workflows.item_partitions import partitioned
from app.workflows.keys import Layer, item_message
from app.workflows.layers.item_claims import ClaimedItem, Hand, ItemClaimer, traced_chunk
from app.workflows.layers.item_execution import ItemExecutor
from app.workflows.messages import ExecuteMessage
from app.workflows.places.item_places import ItemPlaces, ItemTurn
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.cache import RunCache

NO_TURNS: Sequence[ItemTurn] = ()

detail_log = DebugLog("sluice.item")


@dataclass(frozen=True, slots=True)
class ExecuteLayer:
    database: AsyncEngine
    engine: Engine
    runs: RunCache
    claimer: ItemClaimer
    places: ItemPlaces
    items: ItemExecutor
    meter: WorkMeter | None = None

    async def handle(self, bound: BoundFamily, delivery: Delivery) -> timedelta | None:
        message, came = ExecuteMessage.read(delivery.payload), time.time_ns()
        if (task := asyncio.current_task()) is not None:
            task.set_name(message.id())  # for whoever is told what did not end
        ids = self._fitting(bound, message.items, delivery.priority)
        # Counted before anything is waited for, so that no more is taken than there is room for.
        self.places.enter(delivery.flow_key, len(ids), delivery.priority)
        expected = [bound.threads.expect() if bound.plain else nullcontext() for _ in ids]
        hand, turns = Hand([]), NO_TURNS
        try:
            taken = await self._taken(bound, message, ids, delivery)
            if taken.items and partitioned(bound):
                turns = await self._turns(bound, taken.items, delivery)
            hand = taken
        finally:
            untaken = len(ids) - len(hand.items)
            self.places.leave_untaken(delivery.flow_key, untaken, delivery.priority)
            for one in expected[len(hand.items) :]:
                with one:
                    pass
        try:
            if detail_log.is_on():
                detail_log.debug(
                    "chunk_claimed",
                    family=bound.name,
                    layer=Layer.EXECUTE,
                    run=message.run,
                    items=len(message.items),
                    claimed=len(hand.items),
                )
            if self.meter is not None and hand.items:
                self.meter.claimed(bound.name, len(hand.items), hand.taken_over)
            if not hand.items:
                return hand.left if len(message.items) == 1 else hand.again
            with self._traced(hand, came):
                ended = await self._executed(bound, hand, expected, turns, delivery)
            return hand.again if ended is None else ended
        finally:
            for turn in turns:
                turn.drop()  # of those that never began

    def _traced(self, hand: Hand, came: int) -> AbstractContextManager[object]:
        """Around what is done for these items, where some are traced, who are told so."""
        if hand.trace is None:
            return NOTHING
        if self.meter is not None:
            self.meter.traced(hand.trace.run_id, hand.trace.trace_id)
        return traced_chunk(hand.trace, hand.items, came)

    async def _executed(
        self,
        bound: BoundFamily,
        hand: Hand,
        expected: Sequence[AbstractContextManager[None]],
        turns: Sequence[ItemTurn],
        delivery: Delivery,
    ) -> timedelta | None:
        loop = asyncio.get_running_loop()  # which asyncio.create_task would look up for each item
        work = [
            loop.create_task(
                self.items.execute(bound, item, delivery, thread, turn),
                name=item_message(*item.claim.place),
            )
            for item, thread, turn in zip(
                hand.items, expected, chain(turns, repeat(None)), strict=False
            )
        ]
        try:
            await asyncio.wait(work)
        except asyncio.CancelledError:
            for task in work:
                task.cancel()
            await asyncio.wait(work)
            raise
        return await self._ended(hand.items, work)

    async def _turns(
        self, bound: BoundFamily, items: Sequence[ClaimedItem], delivery: Delivery
    ) -> Sequence[ItemTurn]:
        """Those that are free, of the first items, each with its permit where that came at once: an
        item that waits for it alone costs more than all else that its partition does."""
        turns = self.places.turns_now(delivery.flow_key, delivery.priority, len(items))
        try:
            await self.items.permits.ahead(bound.flow_key(Layer.EXECUTE), items, turns)
        except BaseException:
            for turn in turns:
                turn.drop()
            raise
        return turns

    def _fitting(self, bound: BoundFamily, ids: Sequence[str], priority: int) -> Sequence[str]:
        """Those for which there is a place here, one at least."""
        room = bound.threads.room(all_need=bound.plain)
        if len(ids) > self.places.concurrency:
            free = self.places.free_for(priority)
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
                await self.engine.publish(tx, [rest.outgoing(bound.name, delivery.priority)])
        hand = await self.claimer.take(
            message.run, ids, delivery.token, partitioned=partitioned(bound)
        )
        return hand if view.trace is None else replace(hand, trace=view.trace)

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
        busy = [error.again for error in errors if isinstance(error, PartitionBusy)]
        later = [error.again for error in errors if isinstance(error, GateClosed)]
        # Whichever partition has room first; the others are sent away once more.
        return min(busy) if busy else max(later, default=None)


def _sent_away(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and isinstance(task.exception(), GateClosed)
