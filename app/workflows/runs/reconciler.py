"""Giving a run what it lacks: after a resume, and when the queue has lost something of it.

Rows say what should be on its way. A message too many finds nothing to do.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Engine
from app.metrics.meter import WorkMeter
from app.store.database import transacted
from app.store.items import items, pages, parked_items
from app.store.items.items import OpenItem
from app.store.runs import counters, runs
from app.store.runs.counters import CounterDelta
from app.store.statuses import ItemStatus, RunStage, RunStatus
from app.store.steps import suspension
from app.store.tables.runs import Run
from app.workflows.item_partitions import PartitionWindows
from app.workflows.keys import (
    Layer,
    chunk_prefix,
    flow_key,
    item_message,
    item_prefix,
    page_message,
    process_message,
)
from app.workflows.messages import ExecuteMessage, PaginateMessage, ProcessMessage, executions
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.lifecycle import RunLifecycle
from app.workflows.runs.queue import begin_next

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class RunReconciler:
    database: AsyncEngine
    engine: Engine
    families: Mapping[str, BoundFamily]
    lifecycle: RunLifecycle
    look_ahead: int
    windows: PartitionWindows
    meter: WorkMeter | None = None

    async def republish_missing(self, run_id: str) -> int:
        """Publish every message that the run should have. Returns how many did not wait already."""
        async with self.database.begin() as tx:
            run = await runs.find(tx, run_id)
            if run is None or run.family not in self.families:
                return 0
            await self._lock_parent(tx, run)
            missing = await self._next_step(tx, run)
            if run.status == RunStatus.RUNNING:
                await self._top_up(tx, run)
        if run.status == RunStatus.RUNNING:
            missing += await self._executions(run)
        return missing

    async def is_missing_messages(self, run_id: str) -> bool:
        """Whether the run lacks a message that it should have. Read from one snapshot, because what
        changes between two reads is no loss."""
        async with self.database.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                return await self._lacks_something(connection, run_id)

    async def _lacks_something(self, tx: AsyncConnection, run_id: str) -> bool:
        run = await runs.find(tx, run_id)
        if run is None:
            return False
        execute = flow_key(run.family, Layer.EXECUTE)
        process, page, chunks, singles = await self.engine.depth_of(
            tx,
            [
                (flow_key(run.family, Layer.PROCESS), process_message(run_id)),
                (flow_key(run.family, Layer.PAGINATE), page_message(run_id)),
                (execute, chunk_prefix(run_id)),
                (execute, item_prefix(run_id)),
            ],
        )
        if run.status == RunStatus.PENDING:
            return run.stage != RunStage.WAITING and not process.total
        if run.status != RunStatus.RUNNING:
            return False
        due = pages.is_due(run) or (run.held and run.outstanding < self.look_ahead)
        if due and not page.total:
            return True
        if run.stage == RunStage.FINISHING:
            return not await runs.active_children(tx, run_id)
        if run.scheduled == run.ended and run.paged:
            return True  # and nobody ended it
        awaited = run.outstanding
        if run.suspended:
            # Of those that are parked, one at least of each partition has a message; unless the
            # code limits partitions no more, and then nobody else lets them go.
            if not awaited and await parked_items.any_parked(tx, run_id):
                return True
            awaited += await items.sleeping(tx, run_id)
        return chunks.total + singles.total < awaited

    async def sweep(self, run_id: str, *, seconds: float) -> None:
        """End as cancelled all items of a run that is being cancelled and that nobody has in hand.

        What somebody has in hand ends there. Stops after about so many seconds.
        """
        until = time.monotonic() + seconds
        after: str | None = None
        while time.monotonic() < until:
            after, cancelled = await transacted(
                self.database, partial(self._cancel_some, run_id=run_id, after=after)
            )
            if self.meter is not None and cancelled is not None:
                self.meter.ended(*cancelled)
            if after is None:
                return

    async def _cancel_some(
        self, tx: AsyncConnection, *, run_id: str, after: str | None
    ) -> tuple[str | None, tuple[str, Mapping[str, int]] | None]:
        """The last of them, None: there was none; and what was counted."""
        await self._lock_parent(tx, await runs.find(tx, run_id))
        found = await items.lock_open(tx, run_id, after_id=after, limit=BATCH)
        if not found:
            await self.lifecycle.finalise(tx, run_id)
            return None, None
        return found[-1].item_id, await self._cancel(tx, run_id, found)

    async def _cancel(
        self, tx: AsyncConnection, run_id: str, found: Sequence[OpenItem]
    ) -> tuple[str, Mapping[str, int]] | None:
        """The run's family, and what was counted; None: nothing."""
        pending = {one.claim for one in found if one.status is ItemStatus.PENDING}
        living = await self.engine.living(tx, {claim for claim in pending if claim is not None})
        # What is suspended is in nobody's hands, whatever it was before.
        free = [
            one
            for one in found
            if one.status is ItemStatus.SUSPENDED or one.claim is None or one.claim not in living
        ]
        if not free:
            return None
        await items.cancel(tx, run_id, [one.item_id for one in free])
        suspended = sum(one.status is ItemStatus.SUSPENDED for one in free)
        changed = CounterDelta({ItemStatus.CANCELLED: len(free)}, suspended=-suspended)
        counted = await counters.count(tx, run_id, changed, look_ahead=self.look_ahead)
        await self.lifecycle.counted(tx, run_id, counted)
        # They would wait for as long as the items were to sleep, count as deferred, and come all at
        # once. What is due already finds nothing to do, and is gone.
        later = [item_message(run_id, one.item_id) for one in free if one.delayed]
        if later:
            await self.engine.withdraw(tx, later)
        return counted.family, changed.outcomes

    async def _lock_parent(self, tx: AsyncConnection, run: Run | None) -> None:
        """The end of a child changes the item that waits for it: items come before runs."""
        if run is not None and run.parent is not None:
            await suspension.lock(tx, [run.parent])

    async def _top_up(self, tx: AsyncConnection, run: Run) -> None:
        """Count anew what is said of the run's partitions. The messages go out afterwards."""
        window = self.windows.of(run.family)
        if window is None:
            if not run.suspended or not await parked_items.any_parked(tx, run.id):
                return
            window = self._look_ahead  # the code limits partitions no more
        await runs.lock(tx, run.id)
        await parked_items.top_up(tx, run.id, window)

    def _look_ahead(self, _partition: str) -> int:
        return self.look_ahead

    async def _next_step(self, tx: AsyncConnection, run: Run) -> int:
        if run.status == RunStatus.PENDING:
            if run.stage == RunStage.WAITING:
                # The one before it may have ended while it was paused.
                return int(await begin_next(tx, self.engine, run.family) is not None)
            return await self.engine.publish(
                tx, [ProcessMessage(run=run.id).outgoing(run.family, run.priority)]
            )
        if run.status == RunStatus.RUNNING:
            if await pages.page_due(tx, run.id, look_ahead=self.look_ahead):
                message = PaginateMessage(run=run.id)
                return await self.engine.publish(tx, [message.outgoing(run.family, run.priority)])
            await self.lifecycle.finalise(tx, run.id)
        return 0

    async def _executions(self, run: Run) -> int:
        published, after = 0, None
        size = self.families[run.family].chunk_for(run.to_process)
        while True:
            async with self.database.begin() as tx:
                found = await items.awaited(tx, run.id, after_id=after, limit=BATCH)
                if not found:
                    return published
                now = [one.item_id for one in found if not one.later]
                out = executions(run.family, run.id, now, size, run.priority)
                out += [
                    ExecuteMessage(run=run.id, items=(one.item_id,)).outgoing(
                        run.family, run.priority, one.delay
                    )
                    for one in found
                    if one.later
                ]
                published += await self.engine.publish(tx, out)
            after = found[-1].item_id
