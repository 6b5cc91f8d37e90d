"""Layer 2: read a page by cursor, fan it out in chunks, and go on to the next page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Delivery, Engine
from app.flow.gate import Gate
from app.store.items import pages
from app.workflows.contract.context import Context
from app.workflows.contract.job_family import Page
from app.workflows.keys import Layer
from app.workflows.messages import PaginateMessage, executions
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.cache import CachedRun, RunCache
from app.workflows.runs.lifecycle import RunLifecycle
from app.workflows.sources.item_source import source_of, without_result

PAGES_A_DELIVERY = 20
"""Pages read in a row before the message goes through the queue once more: each hop through it
costs more than a page does, but other runs must have their turn."""


@dataclass(frozen=True, slots=True)
class PaginateLayer:
    database: AsyncEngine
    engine: Engine
    gate: Gate
    context: Callable[..., Context]
    runs: RunCache
    keeper: RunLifecycle
    look_ahead: int

    async def handle(self, bound: BoundFamily, delivery: Delivery) -> timedelta | None:
        """Read page after page, from where the run stands, until the next one must wait.

        The message says that there is a page to read, and the run's row which one: whoever had the
        message before may have died in the middle of its pages, and may go on with them even now.
        """
        run_id = PaginateMessage.read(delivery.payload).run
        left = PAGES_A_DELIVERY
        while True:
            self.runs.changed(run_id)
            view = await self.runs.get(run_id)
            if view is None or not pages.is_due(view.run):
                return None  # who makes one due publishes the message once more
            done, cursor = PageResult.NEXT, view.run.cursor
            while done is PageResult.NEXT:
                left -= 1
                async with self.gate.permit(bound.flow_key(Layer.PAGINATE)):
                    page = await self._read(bound, view, cursor)
                    done = await self._schedule(bound, view, cursor, page, go_on=left > 0)
                cursor = page.next_cursor
            if done is PageResult.LAST:
                return None

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
        view: CachedRun,
        cursor: str | None,
        page: Page,
        *,
        go_on: bool,
    ) -> PageResult:
        """One page, one transaction: all or nothing."""
        run_id, last = view.run.id, page.next_cursor is None
        async with self.database.begin() as tx:
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
            size = bound.chunk_for(view.run.to_process)
            out = executions(bound.name, run_id, sorted(advanced.fresh), size)
            further = not (advanced.paged or advanced.held)
            if further and not go_on:
                out.append(PaginateMessage(run=run_id).outgoing(bound.name))
            await self.engine.publish(tx, out)
            if advanced.paged:
                await self.keeper.finalise(tx, run_id)
        return PageResult.NEXT if further and go_on else PageResult.LAST


class PageResult(Enum):
    """What became of a page."""

    NEXT = auto()  # scheduled, and the delivery goes on with the next one
    LAST = auto()  # scheduled, and the delivery is done
    NOTHING = auto()  # the run does not stand there, or does not run
