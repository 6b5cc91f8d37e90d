"""Layer 2: read a page by cursor, fan it out in chunks, and go on to the next page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Delivery, Engine, Outgoing
from app.flow.gate import Gate
from app.store import items, runs
from app.store.lifecycle import RunStatus
from app.store.tables import Run
from app.workflows.bound import BoundFamily
from app.workflows.chunks import chunked
from app.workflows.family import Context
from app.workflows.keys import Layer
from app.workflows.messages import ExecuteMessage, PaginateMessage
from app.workflows.source import source_of, unprocessed

log = structlog.get_logger("sluice.run")


class Stale(Exception):
    """The page was read, and the run stood elsewhere when it was to be written."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A page as read: the ids to schedule, and where the next one begins (None: no more)."""

    ids: Sequence[str]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PaginateLayer:
    database: AsyncEngine
    engine: Engine
    gate: Gate
    context: Callable[..., Context]
    look_ahead: int

    async def handle(self, bound: BoundFamily, delivery: Delivery) -> None:
        message = PaginateMessage.read(delivery.payload)
        async with self.gate.permit(bound.flow_key(Layer.PAGINATE)):
            if message.items is None:
                await self._page(bound, delivery, message)
            else:
                await self._chunk(bound, delivery, message)

    async def _page(self, bound: BoundFamily, delivery: Delivery, message: PaginateMessage) -> None:
        async with self.database.connect() as connection:
            run = await runs.find(connection, message.run)
        found = None
        if run is not None and _stands_at(run, message.cursor):
            # Read and filtered before the transaction, so that a slow `existing` locks no row;
            # `advance` refuses the page if the run has moved on meanwhile.
            found = await self._read(bound, run)
        async with self.database.begin() as tx:
            if not await self.engine.complete(tx, [delivery]) or found is None:
                return
            await self._schedule(tx, bound, message, found)

    async def _read(self, bound: BoundFamily, run: Run) -> _Found:
        params = bound.family.params.model_validate(run.params)
        ctx = self.context(bound, run_id=run.id)
        source = source_of(bound, params, ctx, run.item_ids)
        page = await source.page(run.cursor, bound.family.page_size)
        ids = page.ids if run.force else await unprocessed(bound, page.ids, params, ctx)
        if run.item_limit is not None:
            left = max(0, run.item_limit - run.scheduled)
            if len(ids) >= left:
                return _Found(ids[:left], None)
        return _Found(ids, page.next_cursor)

    async def _schedule(
        self, tx: AsyncConnection, bound: BoundFamily, message: PaginateMessage, found: _Found
    ) -> None:
        last = found.next_cursor is None
        advanced = await runs.advance(
            tx,
            message.run,
            cursor=message.cursor,
            item_ids=found.ids,
            next_cursor=message.cursor if last else found.next_cursor,
            last=last,
            look_ahead=self.look_ahead,
        )
        if advanced is None:
            # The run moved on between the reading and now. Rolled back, the message comes again,
            # and then finds at once that there is nothing left to do for it.
            raise Stale(message.id())
        out = _fan_out(bound, message, sorted(advanced.fresh))
        if not last and not advanced.held:
            out.append(
                PaginateMessage(run=message.run, cursor=found.next_cursor).outgoing(bound.name)
            )
        await self.engine.publish(tx, out)
        if last:
            status = await runs.finalise(tx, message.run)
            if status is not None:
                log.info("run_ended", run=message.run, status=status)

    async def _chunk(
        self, bound: BoundFamily, delivery: Delivery, message: PaginateMessage
    ) -> None:
        async with self.database.begin() as tx:
            if not await self.engine.complete(tx, [delivery]):
                return
            ids = await items.to_execute(tx, message.run, message.items or ())
            await self.engine.publish(tx, _executions(bound, message.run, ids))


def _stands_at(run: Run, cursor: str | None) -> bool:
    return run.status == RunStatus.RUNNING and not run.paged and run.cursor == cursor


def _fan_out(bound: BoundFamily, page: PaginateMessage, ids: Sequence[str]) -> list[Outgoing]:
    """One message per item, or one per chunk where there are more than a chunk's worth."""
    if len(ids) <= bound.family.chunk_size:
        return _executions(bound, page.run, ids)
    return [
        PaginateMessage(run=page.run, cursor=page.cursor, items=chunk, index=index).outgoing(
            bound.name
        )
        for index, chunk in zip(count(), chunked(bound.family.chunk_size, ids), strict=False)
    ]


def _executions(bound: BoundFamily, run_id: str, ids: Sequence[str]) -> list[Outgoing]:
    return [ExecuteMessage(run=run_id, item=item_id).outgoing(bound.name) for item_id in ids]
