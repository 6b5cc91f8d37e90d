"""Layer 2: read a page by cursor, fan it out in chunks, and go on to the next page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count

from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery, Engine, OutgoingMessage
from app.flow.gate import Gate
from app.store.group_commit import GroupCommit
from app.store.items import items, pages
from app.store.runs import runs
from app.workflows.contract.context import Context
from app.workflows.contract.job_family import Page
from app.workflows.keys import Layer
from app.workflows.layers.chunks import chunked
from app.workflows.messages import ExecuteMessage, PaginateMessage
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.cache import CachedRun, RunCache
from app.workflows.runs.lifecycle import RunLifecycle
from app.workflows.sources.item_source import source_of, without_result

PAGES_A_DELIVERY = 20
"""Pages read in a row before the message goes through the queue once more: each hop through it
costs more than a page does, but other runs must have their turn."""


@dataclass(frozen=True, slots=True)
class PageChunk:
    """A part of a page that is to be fanned out."""

    bound: BoundFamily
    delivery: Delivery
    message: PaginateMessage


class FanOut:
    """Publishes the executions of chunks, many chunks to a transaction."""

    def __init__(self, database: AsyncEngine, engine: Engine) -> None:
        self._database = database
        self._engine = engine

    async def commit(self, chunks: Sequence[PageChunk]) -> None:
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
                    ExecuteMessage(
                        run=item.run_id, item=item.item_id, seen=item.seen or None
                    ).outgoing(wanted[item.run_id, item.item_id])
                    for item in await items.to_execute(tx, list(wanted))
                ],
            )


@dataclass(frozen=True, slots=True)
class PaginateLayer:
    database: AsyncEngine
    engine: Engine
    gate: Gate
    context: Callable[..., Context]
    runs: RunCache
    keeper: RunLifecycle
    look_ahead: int
    chunks: GroupCommit[PageChunk]

    async def handle(self, bound: BoundFamily, delivery: Delivery) -> None:
        message = PaginateMessage.read(delivery.payload)
        if message.items is None:
            await self._pages(bound, delivery, message.run)
            return
        async with self.gate.permit(bound.flow_key(Layer.PAGINATE)):
            await self.chunks.add(PageChunk(bound, delivery, message))

    async def _pages(self, bound: BoundFamily, delivery: Delivery, run_id: str) -> None:
        """Read page after page, from where the run stands, until the next one must wait.

        The message says that there is a page to read, and the run's row which one: whoever had the
        message before may have died in the middle of its pages.
        """
        left = PAGES_A_DELIVERY
        while True:
            self.runs.changed(run_id)
            view = await self.runs.get(run_id)
            if view is None or not pages.is_due(view.run):
                if await self._leave(delivery, run_id):
                    return
                continue
            done, cursor = PageResult.NEXT, view.run.cursor
            while done is PageResult.NEXT:
                left -= 1
                async with self.gate.permit(bound.flow_key(Layer.PAGINATE)):
                    page = await self._read(bound, view, cursor)
                    done = await self._schedule(bound, delivery, view, cursor, page, go_on=left > 0)
                cursor = page.next_cursor
            if done is PageResult.LAST:
                return

    async def _leave(self, delivery: Delivery, run_id: str) -> bool:
        """The run has no page to read. False: now it has one."""
        async with self.database.begin() as tx:
            # Locked first. Who makes a page due changes the run's row and then publishes: either we
            # see it here, or it waits for us, and its publication finds our place free.
            await runs.lock(tx, run_id)
            run = await runs.find(tx, run_id)
            if run is not None and pages.is_due(run):
                return False
            await self.engine.complete(tx, [delivery])
            return True

    async def _read(self, bound: BoundFamily, view: CachedRun, cursor: str | None) -> Page:
        # Read and filtered before the transaction, so that a slow `existing` locks no row;
        # `advance` takes the page only if the run still stands where it was read from.
        ctx = self.context(bound, run_id=view.run.id)
        source = source_of(bound, view.params, ctx, view.run)
        page = await source.page(cursor, bound.family.page_size)
        if view.run.force:
            return page
        return Page(await without_result(bound, page.ids, view.params, ctx), page.next_cursor)

    async def _schedule(
        self,
        bound: BoundFamily,
        delivery: Delivery,
        view: CachedRun,
        cursor: str | None,
        page: Page,
        *,
        go_on: bool,
    ) -> PageResult:
        """One page, one transaction: all or nothing."""
        run_id, last = view.run.id, page.next_cursor is None
        async with self.database.begin() as tx:
            if not await self.engine.holds(tx, delivery):
                return PageResult.LAST  # taken over from us: the successor does this page
            advanced = await pages.advance(
                tx,
                run_id,
                cursor=cursor,
                item_ids=page.ids,
                next_cursor=cursor if last else page.next_cursor,
                last=last,
                look_ahead=self.look_ahead,
            )
            if advanced is None:
                return PageResult.NOTHING
            out = _fan_out(bound, run_id, cursor, sorted(advanced.fresh))
            further = not (advanced.paged or advanced.held)
            if not (further and go_on):
                await self.engine.complete(tx, [delivery])
                if further:
                    following = PaginateMessage(run=run_id)
                    out.append(following.outgoing(bound.name))
            await self.engine.publish(tx, out)
            if advanced.paged:
                await self.keeper.finalise(tx, run_id)
        return PageResult.NEXT if further and go_on else PageResult.LAST


class PageResult(Enum):
    """What became of a page."""

    NEXT = auto()  # scheduled, and the delivery goes on with the next one
    LAST = auto()  # scheduled, and the delivery is done
    NOTHING = auto()  # the run does not stand there, or does not run


def _fan_out(
    bound: BoundFamily, run_id: str, cursor: str | None, ids: Sequence[str]
) -> list[OutgoingMessage]:
    """One message per item, or one per chunk where there are more than a chunk's worth."""
    if len(ids) <= bound.family.chunk_size:
        return [ExecuteMessage(run=run_id, item=item_id).outgoing(bound.name) for item_id in ids]
    return [
        PaginateMessage(run=run_id, cursor=cursor, items=chunk, index=index).outgoing(bound.name)
        for index, chunk in zip(count(), chunked(bound.family.chunk_size, ids), strict=False)
    ]
