"""``/api/provider-batches``: what went to providers' Batch APIs, and what waits to go."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from app.api.dependencies import Cursor, Limit, State, bearer
from app.api.pagination import Paging
from app.api.routing import Router
from app.schemas.provider_batches.answers import (
    ProviderBatchesAnswer,
    ProviderBatchView,
    WaitingCallsView,
)
from app.store.database import reading
from app.store.deferred import batches

MOST_WAITING = 20
"""Groups of requests, each of which is a batch of its own."""

router = Router(prefix="/api/provider-batches", tags=["operations"], dependencies=[Depends(bearer)])


@router.get("")
async def list_provider_batches(
    state: State,
    is_open: Annotated[
        bool, Query(alias="open", description="only those that have not ended")
    ] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ProviderBatchesAnswer:
    """Provider batches, the newest first. The first page also has the requests that wait for
    one."""
    paging = Paging(state.cursors, f"provider-batches:{is_open}", limit, cursor)
    async with reading(state.database) as connection:
        found = await batches.page(
            connection, before=paging.after, is_open=is_open, limit=paging.wanted
        )
        waiting = [] if cursor else await batches.waiting(connection, limit=MOST_WAITING)
    page = paging.page_of(found, lambda batch: batch.id)
    return ProviderBatchesAnswer(
        batches=[ProviderBatchView.of(one) for one in page.rows],
        waiting=[WaitingCallsView.of(one) for one in waiting],
        next_cursor=page.next_cursor,
    )
