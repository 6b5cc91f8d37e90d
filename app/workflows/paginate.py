"""Layer 2: read a page by cursor, fan it out in chunks, and go on to the next page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Delivery, Engine, Outgoing
from app.flow.gate import Gate
from app.store import items, paging, runs
from app.workflows.bound import BoundFamily
from app.workflows.chunks import chunked
from app.workflows.family import Context, Page
from app.workflows.group_commit import GroupCommit
from app.workflows.keys import Layer
from app.workflows.messages import ExecuteMessage, PaginateMessage
from app.workflows.run_cache import STOPPED, RunCache, RunView
from app.workflows.source import source_of, unprocessed

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a page that is to be fanned out."""

    bound: BoundFamily
    delivery: Delivery
    message: PaginateMessage


class FanOut:
    """Publishes the executions of chunks, many chunks to a transaction."""

    def __init__(self, database: AsyncEngine, engine: Engine) -> None:
        self._database = database
        self._engine = engine

    async def commit(self, chunks: Sequence[Chunk]) -> None:
        async with self._database.begin() as tx:
            ours = await self._engine.complete(tx, [chunk.delivery for chunk in chunks])
            wanted = {
                (chunk.message.run, item_id): chunk.bound.name
                for chunk in chunks
                if chunk.delivery.token in ours
                for item_id in chunk.message.items or ()
            }
            await self._engine.publish(
                tx,
                [
                    ExecuteMessage(run=run_id, item=item_id).outgoing(wanted[run_id, item_id])
                    for run_id, item_id in await items.to_execute(tx, list(wanted))
                ],
            )


@dataclass(frozen=True, slots=True)
class PaginateLayer:
    database: AsyncEngine
    engine: Engine
    gate: Gate
    context: Callable[..., Context]
    runs: RunCache
    look_ahead: int
    chunks: GroupCommit[Chunk]

    async def handle(self, bound: BoundFamily, delivery: Delivery) -> None:
        message = PaginateMessage.read(delivery.payload)
        async with self.gate.permit(bound.flow_key(Layer.PAGINATE)):
            if message.items is None:
                await self._page(bound, delivery, message)
            else:
                await self.chunks.add(Chunk(bound, delivery, message))

    async def _page(self, bound: BoundFamily, delivery: Delivery, message: PaginateMessage) -> None:
        view = await self.runs.get(message.run)
        found = None
        if view is not None and view.status not in STOPPED:
            # Read and filtered before the transaction, so that a slow `existing` locks no row;
            # `advance` takes the page only if the run still stands where it was read from.
            found = await self._read(bound, view, message)
        async with self.database.begin() as tx:
            if await self.engine.complete(tx, [delivery]) and found is not None:
                await self._schedule(tx, bound, message, found)

    async def _read(self, bound: BoundFamily, view: RunView, message: PaginateMessage) -> Page:
        ctx = self.context(bound, run_id=message.run)
        source = source_of(bound, view.params, ctx, view.run.item_ids)
        page = await source.page(message.cursor, bound.family.page_size)
        if view.run.force:
            return page
        return Page(await unprocessed(bound, page.ids, view.params, ctx), page.next_cursor)

    async def _schedule(
        self, tx: AsyncConnection, bound: BoundFamily, message: PaginateMessage, page: Page
    ) -> None:
        last = page.next_cursor is None
        advanced = await paging.advance(
            tx,
            message.run,
            cursor=message.cursor,
            item_ids=page.ids,
            next_cursor=message.cursor if last else page.next_cursor,
            last=last,
            look_ahead=self.look_ahead,
        )
        if advanced is None:
            return  # delivered once more after it was done, or the run was stopped meanwhile
        out = _fan_out(bound, message, sorted(advanced.fresh))
        if not advanced.paged and not advanced.held:
            following = PaginateMessage(run=message.run, cursor=page.next_cursor)
            out.append(following.outgoing(bound.name))
        await self.engine.publish(tx, out)
        if advanced.paged:
            status = await runs.finalise(tx, message.run)
            if status is not None:
                log.info("run_ended", run=message.run, status=status)


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
