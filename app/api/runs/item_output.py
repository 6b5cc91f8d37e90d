"""What an item writes while it is at work: live as a stream, and later as a list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.sse import ServerSentEvent

from app.api.admission.call_limits import STREAM, asks_for_stream
from app.api.dependencies import ApiState, Cursor, Limit, RunIdInPath, State, Stopping, bearer
from app.api.pagination import Paging
from app.api.routing import Router
from app.api.runs.events import LAST_EVENT_ID, EventStream, event_id
from app.api.runs.items import ItemId, ItemIdInPath
from app.schemas.items import ChunksAnswer, ChunkView, StreamEndView
from app.store.database import reading
from app.store.items import items
from app.store.runs import runs
from app.store.statuses import OUTCOMES, ItemStatus
from app.store.steps import outputs

BETWEEN = 0.2
"""Seconds between two looks while something comes."""
BEHIND = 1.0
"""Seconds between two looks at the most."""
SILENCE = 15.0
"""Seconds after which a comment shows that the connection lives."""
BATCH = 200

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])


class _Call:
    """How a stream is asked for, beside whose it is."""

    def __init__(
        self,
        request: Request,
        state: State,
        stopping: Stopping,
        limit: Limit = 50,
        cursor: Cursor = None,
        last_event_id: Annotated[
            str | None,
            Header(alias=LAST_EVENT_ID, description="of a stream: go on behind this one"),
        ] = None,
    ) -> None:
        self.live = asks_for_stream(request)
        self.state, self.stopping = state, stopping
        self.limit, self.cursor, self.last_event_id = limit, cursor, last_event_id


Call = Annotated[_Call, Depends()]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "A list; with Accept: text/event-stream a stream", "content": {STREAM: {}}}
}


@router.get("/{run_id}/item/stream", response_model=ChunksAnswer, responses=_ANSWERS)
async def get_stream(run_id: RunIdInPath, item_id: ItemId, call: Call) -> ChunksAnswer | Response:
    """What the item has written, the oldest first. As a stream: each chunk as the event `chunk`
    with its id, until the item has its outcome, which is the event `ended`."""
    state = call.state
    async with reading(state.database) as connection:
        await runs.get(connection, run_id)
        await items.get(connection, run_id, item_id)
    if call.live:
        after = 0 if call.last_event_id is None else event_id(call.last_event_id)
        return EventStream(_follow(state, call.stopping, run_id, item_id, after))
    paging = Paging(state.cursors, f"stream:{run_id}:{item_id}", call.limit, call.cursor)
    after_id = int(paging.after or 0)
    async with reading(state.database) as connection:
        found = await outputs.page_of_output(
            connection, run_id, item_id, after_id=after_id, limit=paging.wanted
        )
    page = paging.page_of(found, lambda output: output.id)
    return ChunksAnswer(
        chunks=[ChunkView.of(output) for output in page.rows], next_cursor=page.next_cursor
    )


@router.get("/{run_id}/items/{item_id}/stream", response_model=ChunksAnswer, responses=_ANSWERS)
async def get_stream_by_path(
    run_id: RunIdInPath, item_id: ItemIdInPath, call: Call
) -> ChunksAnswer | Response:
    """The same, for an id without a slash that is no dot."""
    return await get_stream(run_id, item_id, call)


async def _follow(
    state: ApiState, stopping: asyncio.Event, run_id: str, item_id: str, after_id: int
) -> AsyncGenerator[ServerSentEvent, None]:
    clock = asyncio.get_running_loop().time
    spoke, pause = clock(), BETWEEN
    while not stopping.is_set():
        async with state.limits.looks, reading(state.database) as connection:
            # In this order: whatever an item wrote was committed before its outcome.
            item = await items.find(connection, run_id, item_id)
            found = await outputs.page_of_output(
                connection, run_id, item_id, after_id=after_id, limit=BATCH
            )
        for output in found:
            view = ChunkView.of(output)
            after_id = view.id
            yield ServerSentEvent(event="chunk", id=str(view.id), raw_data=view.model_dump_json())
        if len(found) == BATCH:
            continue
        if item is None or item.status in OUTCOMES:
            end = StreamEndView(status=None if item is None else ItemStatus(item.status))
            yield ServerSentEvent(event="ended", raw_data=end.model_dump_json())
            return
        pause = BETWEEN if found else min(2 * pause, BEHIND)
        if found:
            spoke = clock()
        elif clock() - spoke >= SILENCE:
            spoke = clock()
            yield ServerSentEvent(comment="nothing new")
        try:
            async with asyncio.timeout(pause):
                await stopping.wait()
        except TimeoutError:
            pass
