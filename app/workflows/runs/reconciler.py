"""Giving a run what it lacks: after a resume, and when the queue has lost something of it.

Message ids are deterministic, so publishing once more what still waits does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Engine
from app.store.items import items, pages
from app.store.runs import counters, runs
from app.store.runs.counters import CounterDelta
from app.store.statuses import ItemStatus, RunStage, RunStatus
from app.store.tables.runs import Run
from app.workflows.keys import (
    Layer,
    chunk_prefix,
    flow_key,
    item_message,
    page_message,
    process_message,
)
from app.workflows.messages import ExecuteMessage, PaginateMessage, ProcessMessage
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.lifecycle import RunLifecycle
from app.workflows.runs.queue import begin_next

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class RunReconciler:
    database: AsyncEngine
    engine: Engine
    families: Mapping[str, BoundFamily]
    keeper: RunLifecycle
    look_ahead: int

    async def republish_missing(self, run_id: str) -> int:
        """Publish every message that the run should have. Returns how many it did not have."""
        async with self.database.begin() as tx:
            run = await runs.find(tx, run_id)
            if run is None or run.family not in self.families:
                return 0
            missing = await self._next_step(tx, run)
        if run.status == RunStatus.RUNNING:
            missing += await self._executions(run)
        return missing

    async def is_missing_messages(self, run_id: str) -> bool:
        """Whether a message is missing that the run should have: told from one snapshot, because
        what happens between two looks is no loss."""
        async with self.database.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                return await self._lacks_something(connection, run_id)

    async def _lacks_something(self, tx: AsyncConnection, run_id: str) -> bool:
        run = await runs.find(tx, run_id)
        if run is None:
            return False
        if run.status == RunStatus.PENDING and run.stage != RunStage.WAITING:
            return not await self.engine.present(tx, [process_message(run_id)])
        if run.status != RunStatus.RUNNING:
            return False
        page = pages.is_due(run) or (run.held and run.outstanding < self.look_ahead)
        if page and not await self.engine.present(tx, [page_message(run_id)]):
            return True
        if run.scheduled == run.ended and run.paged:
            return True  # and nobody ended it
        paginate = flow_key(run.family, Layer.PAGINATE)
        if await self.engine.any_present(tx, paginate, chunk_prefix(run_id)):
            return False  # items of a chunk have no message of their own yet
        after: str | None = None
        while ids := await items.awaited_ids(tx, run_id, after_id=after, limit=BATCH):
            messages = [item_message(run_id, item_id) for item_id in ids]
            if len(await self.engine.present(tx, messages)) < len(messages):
                return True
            after = ids[-1]
        return False

    async def sweep(self, run_id: str, *, seconds: float) -> None:
        """End as cancelled what nobody has in hand of a run that is being cancelled.

        What somebody has in hand ends there. Stops after about so many seconds.
        """
        until = time.monotonic() + seconds
        for status, cancel in (
            (ItemStatus.SUSPENDED, self._cancel_suspended),
            (ItemStatus.PENDING, self._cancel_pending),
        ):
            after: str | None = None
            while True:
                if time.monotonic() > until:
                    return
                async with self.database.begin() as tx:
                    ids = await items.ids_of(tx, run_id, status, after_id=after, limit=BATCH)
                    if not ids:
                        break
                    changed = await cancel(tx, run_id, ids)
                    counted = await counters.count(tx, run_id, changed, look_ahead=self.look_ahead)
                    await self.keeper.counted(tx, run_id, counted)
                after = ids[-1]
        async with self.database.begin() as tx:
            await self.keeper.finalise(tx, run_id)

    async def _cancel_pending(
        self, tx: AsyncConnection, run_id: str, ids: list[str]
    ) -> CounterDelta:
        messages = {item_message(run_id, item_id): item_id for item_id in ids}
        in_hand = await self.engine.withdraw(tx, list(messages))
        free = [item_id for message, item_id in messages.items() if message not in in_hand]
        cancelled = await items.cancel(tx, run_id, free, ItemStatus.PENDING)
        return CounterDelta({ItemStatus.CANCELLED: len(cancelled)})

    async def _cancel_suspended(
        self, tx: AsyncConnection, run_id: str, ids: list[str]
    ) -> CounterDelta:
        # The items first, as whoever answers what one waits for: see app.store.steps.suspension.
        cancelled = await items.cancel(tx, run_id, ids, ItemStatus.SUSPENDED)
        await self.engine.withdraw(tx, [item_message(run_id, item_id) for item_id in cancelled])
        return CounterDelta({ItemStatus.CANCELLED: len(cancelled)}, suspended=-len(cancelled))

    async def _next_step(self, tx: AsyncConnection, run: Run) -> int:
        if run.status == RunStatus.PENDING:
            if run.stage == RunStage.WAITING:
                # The one before it may have ended while it was paused.
                return int(await begin_next(tx, self.engine, run.family) is not None)
            return await self.engine.publish(tx, [ProcessMessage(run=run.id).outgoing(run.family)])
        if run.status == RunStatus.RUNNING:
            if await pages.page_due(tx, run.id, look_ahead=self.look_ahead):
                message = PaginateMessage(run=run.id)
                return await self.engine.publish(tx, [message.outgoing(run.family)])
            await self.keeper.finalise(tx, run.id)
        return 0

    async def _executions(self, run: Run) -> int:
        missing, after = 0, None
        while True:
            async with self.database.begin() as tx:
                ids = await items.awaited_ids(tx, run.id, after_id=after, limit=BATCH)
                if not ids:
                    return missing
                missing += await self.engine.publish(
                    tx,
                    [
                        ExecuteMessage(run=run.id, item=item_id, seen=True).outgoing(run.family)
                        for item_id in ids
                    ],
                )
            after = ids[-1]
