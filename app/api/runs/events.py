"""What happened to a run: as a list, or followed while it happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import structlog
from fastapi import Depends, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent, format_sse_event
from starlette.types import Receive, Scope, Send

from app.api.admission.call_limits import STREAM, asks_for_stream
from app.api.answer_headers import shown_path
from app.api.dependencies import ApiState, Cursor, Limit, RunIdInPath, State, Stopping, bearer
from app.api.pagination import Paging
from app.api.problems import UNREACHABLE
from app.api.routing import Router
from app.api.runs.event_stream import Follower
from app.connections.faults import away, said
from app.errors import BadInput, Unavailable
from app.schemas.events import EventsAnswer, EventView
from app.store.database import reading
from app.store.runs import events, runs
from app.store.statuses import ENDED

LAST_EVENT_ID = "Last-Event-ID"
LARGEST_ID = 2**63 - 1

log = structlog.get_logger("sluice.api")

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])


@router.get(
    "/{run_id}/events",
    response_model=EventsAnswer,
    responses={
        200: {
            "description": "A list; with Accept: text/event-stream a stream",
            "content": {STREAM: {}},
        },
        204: {"description": "Nothing will follow the event of Last-Event-ID"},
    },
)
async def list_events(
    run_id: RunIdInPath,
    request: Request,
    state: State,
    stopping: Stopping,
    limit: Limit = 50,
    cursor: Cursor = None,
    last_event_id: Annotated[
        str | None, Header(alias=LAST_EVENT_ID, description="of a stream: go on behind this one")
    ] = None,
) -> EventsAnswer | Response:
    """The run's events, the oldest first. As a stream: each event under its kind and with its id;
    `progress`, without an id, whenever the counters have changed; the stream ends with the run."""
    if asks_for_stream(request):
        after = 0 if last_event_id is None else event_id(last_event_id)
        if last_event_id is not None and await _is_over(state, run_id, after):
            return Response(status_code=204)  # by which a browser knows not to ask again
        async with reading(state.database) as connection:
            await runs.get(connection, run_id)
        follower = Follower(
            state.database, state.limits.looks, state.changes, state.throttles, stopping
        )
        return EventStream(follower.follow(run_id, after))
    paging = Paging(state.cursors, f"events:{run_id}", limit, cursor)
    after_id = int(paging.after or 0)
    async with reading(state.database) as connection:
        await runs.get(connection, run_id)
        found = await events.page_of_events(
            connection, run_id, after_id=after_id, limit=paging.wanted
        )
    page = paging.page_of(found, lambda event: event.id)
    return EventsAnswer(
        events=[EventView.of(event) for event in page.rows], next_cursor=page.next_cursor
    )


def event_id(text: str) -> int:
    """
    Raises:
        BadInput: no event has such an id.
    """
    if text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LARGEST_ID:
        return int(text)
    raise BadInput(
        f"{LAST_EVENT_ID} must be the id of an event that this stream has sent.",
        field=LAST_EVENT_ID,
    )


async def _is_over(state: ApiState, run_id: str, after_id: int) -> bool:
    async with reading(state.database) as connection:
        # In this order: a run's last event is committed with its end.
        run = await runs.get(connection, run_id)
        later = await events.page_of_events(connection, run_id, after_id=after_id, limit=1)
    return run.status in ENDED and not later


class EventStream(EventSourceResponse):
    """Closes its source whichever way it ends. It ends too when the database is away or has no
    connection free: whoever follows comes back with the id of the last event."""

    def __init__(self, messages: AsyncGenerator[ServerSentEvent, None]) -> None:
        self._path = ""
        self._encoded = self._written(messages)
        headers = {
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # asks a proxy to pass each event on at once
        }
        super().__init__(self._encoded, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._path = shown_path(scope)
        async with aclosing(self._encoded):
            await super().__call__(scope, receive, send)

    async def _written(
        self, messages: AsyncGenerator[ServerSentEvent, None]
    ) -> AsyncGenerator[bytes, None]:
        try:
            async with aclosing(messages):
                async for message in messages:
                    yield format_sse_event(
                        data_str=message.raw_data,
                        event=message.event,
                        id=message.id,
                        comment=message.comment,
                    )
        except (*UNREACHABLE, Unavailable) as error:
            if away(error) is None:
                raise
            log.warning("following_interrupted", path=self._path, error=said(error))
