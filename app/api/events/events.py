"""``/api/events``: something has happened, and families that say so start work on it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Depends, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import PlainValidator, ValidationError

from app.api.dependencies import Caller, Cursor, Limit, State, bearer
from app.api.idempotency import REPLAYED, OnceFor
from app.api.pagination import Paging
from app.api.routing import Router
from app.errors import BadInput
from app.schemas.sent_events.answers import (
    EventsSentAnswer,
    SentEventsAnswer,
    SentEventView,
    UnmatchedEventsAnswer,
    UnmatchedEventsView,
)
from app.schemas.sent_events.bodies import NewEvent, NewEvents, events_in
from app.store.database import reading
from app.store.events import inbox
from app.workflows.events.inbox import UnusableEvent

OneOrMany = Annotated[
    Any,
    Body(),
    PlainValidator(lambda body: body, json_schema_input_type=NewEvent | list[NewEvent]),
]
"""Read by the route: so a fault of one event that stands alone has no number before it."""

router = Router(prefix="/api/events", tags=["events"], dependencies=[Depends(bearer)])


@router.post(
    "",
    status_code=202,
    responses={
        200: {"model": EventsSentAnswer, "description": "All of them were there already"},
        413: {"description": "Over 1,000 events, or one of over 256 kB"},
    },
)
async def send_events(
    body: OneOrMany, state: State, caller: Caller, once: OnceFor, response: Response
) -> EventsSentAnswer:
    """Send one event, or a list: all are accepted, or none. They are committed, with what they ask
    for, before the answer."""
    alone = not isinstance(body, list)
    events = _read(body, alone=alone)
    try:
        taken = await state.events.inbox.take(
            [one.sent() for one in events.events], sender=caller, once=once(events)
        )
    except UnusableEvent as refused:
        place = ".".join(filter(None, ("data", refused.field)))
        field = place if alone else f"{refused.number}.{place}"
        raise BadInput(refused.detail, field=field) from None
    if taken.replayed:
        response.headers[REPLAYED] = "true"
    if all(one.duplicate for one in taken.receipts):
        response.status_code = 200
    return EventsSentAnswer.of_taken(taken)


@router.get("")
async def list_events(
    state: State,
    limit: Limit = 50,
    cursor: Cursor = None,
    name: Annotated[
        str | None, Query(max_length=200, description="only those of this name")
    ] = None,
) -> SentEventsAnswer:
    """Events, the newest first, with what each has led to, and without their data."""
    paging = Paging(state.cursors, "events" if name is None else f"events {name}", limit, cursor)
    before = None if paging.after is None else int(paging.after)
    async with reading(state.database) as connection:
        found = await inbox.page(connection, name=name, before=before, limit=paging.wanted)
    page = paging.page_of(found, lambda one: one[0].seq)
    return SentEventsAnswer(
        events=[SentEventView.of(event, starts) for event, starts in page.rows],
        next_cursor=page.next_cursor,
    )


@router.get("/unmatched")
async def list_unmatched_events(
    state: State, limit: Limit = 50, cursor: Cursor = None
) -> UnmatchedEventsAnswer:
    """Names of events that no family knew when they came, and for which no item had ever waited: by
    name, with how many came."""
    paging = Paging(state.cursors, "unmatched events", limit, cursor)
    async with reading(state.database) as connection:
        found = await inbox.unmatched(connection, after=paging.after or "", limit=paging.wanted)
    page = paging.page_of(found, lambda one: one.name)
    return UnmatchedEventsAnswer(
        names=[UnmatchedEventsView.of(one) for one in page.rows], next_cursor=page.next_cursor
    )


def _read(body: Any, *, alone: bool) -> NewEvents:  # JSON
    """
    Raises:
        RequestValidationError: names the field, as of every body.
        BadInput, TooLarge
    """
    many = [body] if alone else body
    if not many:
        raise BadInput("A list of events has one or more.", field="body")
    try:
        return events_in(many)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise RequestValidationError(
            [
                {**fault, "loc": ("body", *(fault["loc"][1:] if alone else fault["loc"]))}
                for fault in faults
            ]
        ) from None
