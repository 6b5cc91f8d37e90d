"""Layer 2: read a page by cursor, fan it out in chunks, and go on to the next page."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.chunks import chunked
from app.engine import Delivery, Engine
from app.flow.gate import Gate
from app.store.items import pages, partitioned_pages
from app.store.items.pages import Advanced
from app.store.steps import steps
from app.tracing.current import CURRENT, NOTHING
from app.workflows.contract.context import Context
from app.workflows.contract.parts.page import Page
from app.workflows.item_partitions import PartitionWindows, partitioned, partitions_of
from app.workflows.keys import Layer
from app.workflows.messages import PaginateMessage, executions
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.cache import CachedRun, RunCache
from app.workflows.runs.lifecycle import RunLifecycle
from app.workflows.sources.item_source import Source, source_of, without_result
from app.workflows.sources.sql_source import SqlSource

PAGES_A_DELIVERY = 20
"""Pages read in a row before the message goes through the queue once more: each hop through it
costs more than a page does, but other runs must have their turn."""
TOGETHER = 500
"""Ids of pages that are read by one query and scheduled in one transaction."""
SLOW = 0.1
"""Seconds. Pages that take longer to read and schedule go one by one: their items wait for them."""

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class PaginateLayer:
    database: AsyncEngine
    engine: Engine
    gate: Gate
    context: Callable[..., Context]
    runs: RunCache
    lifecycle: RunLifecycle
    look_ahead: int
    windows: PartitionWindows

    async def handle(self, bound: BoundFamily, delivery: Delivery) -> timedelta | None:
        """Read page after page, from where the run stands, until the next one must wait.

        The message says that there is a page to read, and the run's row which one: whoever had the
        message before may have died in the middle of its pages, and may go on with them even now.
        """
        run_id = PaginateMessage.read(delivery.payload).run
        flow_key = bound.flow_key(Layer.PAGINATE)
        once = self.gate.once_a_delivery(flow_key)
        pace = PagePace(bound.family.page_size, left=1 if once else PAGES_A_DELIVERY)
        while True:
            self.runs.changed(run_id)
            view = await self.runs.get(run_id)
            if view is None or not pages.is_due(view.run):
                return None  # who makes one due publishes the message once more
            ctx = self.context(bound, run_id=run_id)
            source = source_of(bound, view.params, ctx, view.run)
            done, cursor, trace = PageResult.NEXT, view.run.cursor, view.trace
            while done is PageResult.NEXT:
                async with self.gate.permit(flow_key, priority=view.priority):
                    traced = (
                        NOTHING if trace is None else trace.page(cursor, bound.family.page_size)
                    )
                    with traced, self._timed(bound, view):
                        done, cursor = await self._go_on(bound, view, ctx, source, cursor, pace)
            if done is PageResult.LAST:
                return None

    def _timed(self, bound: BoundFamily, view: CachedRun) -> AbstractContextManager[None]:
        meter = self.lifecycle.meter
        if meter is None:
            return NOTHING
        trace = None if view.trace is None else view.trace.trace_id
        return meter.layer(bound.name, Layer.PAGINATE, view.run.id, trace)

    async def _go_on(
        self,
        bound: BoundFamily,
        view: CachedRun,
        ctx: Context,
        source: Source,
        cursor: str | None,
        pace: PagePace,
    ) -> tuple[PageResult, str | None]:
        """One page, or several that follow each other: one transaction, all or nothing."""
        began = time.monotonic()
        # A key that is limited counts pages, and a family's own page() says where one ends.
        single = source.repeats or self.gate.limits(bound.flow_key(Layer.PAGINATE))
        number = pace.take(single=single)
        # Read and filtered before the transaction, so that a slow `existing` locks no row;
        # `advance` takes the pages only if the run still stands where they were read from.
        size, of = number * bound.family.page_size, None
        if partitioned(bound) and isinstance(source, SqlSource):
            page, of = await source.page_with_partitions(cursor, size)
        else:
            page = await source.page(cursor, size)
        if not view.run.force:
            fresh: list[str] = []
            for ids in chunked(bound.family.page_size, page.ids):
                fresh += await without_result(bound, list(ids), view.params, ctx)
            page = Page(fresh, page.next_cursor)
        if of is None and partitioned(bound):
            of = await partitions_of(bound, view.params, ctx, page.ids)
        advanced = await self._schedule(bound, view, cursor, page, of, go_on=pace.left > 0)
        seconds = time.monotonic() - began
        pace.took(seconds)
        if advanced is None:
            return PageResult.NOTHING, cursor
        log.info(
            "page_scheduled",
            family=bound.name,
            layer=Layer.PAGINATE,
            run=view.run.id,
            pages=number,
            items=len(advanced.fresh),
            last=advanced.paged,
            seconds=round(seconds, 3),
        )
        if (scope := CURRENT.get()) is not None:
            scope.tell({"sluice.pages": number, "sluice.items": len(advanced.fresh)})
        pace.room = advanced.room
        further = not (advanced.paged or advanced.held) and pace.left > 0
        return (PageResult.NEXT if further else PageResult.LAST), page.next_cursor

    async def _schedule(
        self,
        bound: BoundFamily,
        view: CachedRun,
        cursor: str | None,
        page: Page,
        of: Mapping[str, str] | None,
        *,
        go_on: bool,
    ) -> Advanced | None:
        run_id, last = view.run.id, page.next_cursor is None
        # The last page leaves nothing to go on from: the run's end is known.
        next_cursor = cursor if last else page.next_cursor
        window = self.windows.of(bound.name)
        async with self.database.begin() as tx:
            if of is None or window is None:
                advanced = await pages.advance(
                    tx,
                    run_id,
                    cursor=cursor,
                    item_ids=page.ids,
                    next_cursor=next_cursor,
                    last=last,
                    look_ahead=self.look_ahead,
                )
                ready = [] if advanced is None else advanced.fresh
            else:
                advanced, ready = await partitioned_pages.advance(
                    tx,
                    run_id,
                    of,
                    window,
                    cursor=cursor,
                    item_ids=page.ids,
                    next_cursor=next_cursor,
                    last=last,
                    look_ahead=self.look_ahead,
                )
            if advanced is None:
                return None
            if view.run.retry_of and not (view.run.retry or {}).get("fresh"):
                await steps.carry_over(tx, view.run.retry_of, run_id, advanced.fresh)
            size = bound.chunk_for(view.run.to_process)
            out = executions(bound.name, run_id, sorted(ready), size, view.priority)
            if not (advanced.paged or advanced.held or go_on):
                out.append(PaginateMessage(run=run_id).outgoing(bound.name, view.priority))
            await self.engine.publish(tx, out)
            if advanced.paged:
                await self.lifecycle.finalise(tx, run_id)
        return advanced


class PageResult(Enum):
    """The result of reading a page, or several together."""

    NEXT = auto()  # scheduled, and the delivery goes on with the next one
    LAST = auto()  # scheduled, and the delivery is done
    NOTHING = auto()  # the run does not stand there, or does not run


class PagePace:
    """How many pages a delivery reads together: one at first, so that work begins, and twice as
    many each time, as long as they are quick and there is room for their items."""

    def __init__(self, page_size: int, *, left: int = PAGES_A_DELIVERY) -> None:
        self.left = left
        """Pages until the message goes through the queue once more."""
        self.room: int | None = None
        """For so many items, by the last look; None: nobody has looked."""
        self._size = page_size
        self._next = 1

    def take(self, *, single: bool) -> int:
        """The number of pages to read now."""
        most = 1 if single else max(1, TOGETHER // self._size)
        if self.room is not None:
            most = min(most, max(1, self.room // self._size))
        number = min(self._next, most, max(1, self.left))
        self.left -= number
        return number

    def took(self, seconds: float) -> None:
        """Say how long the pages that were taken last took."""
        self._next = 1 if seconds > SLOW else 2 * self._next
