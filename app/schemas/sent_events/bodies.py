"""What callers send of events: one, or a list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, TypeAdapter

from app.config.event_names import NAME, NAME_FORM
from app.errors import TooLarge
from app.schemas.base import Body, MomentWithOffset
from app.workflows.events.inbox import SentEvent
from app.workflows.keys import id_fault

MOST_EVENTS = 1_000
"""Of one call."""
LARGEST_EVENT = 256_000
"""Bytes of an event's data, as JSON."""


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError(f"a name has {NAME_FORM}")
    return value


def _event_id(value: str) -> str:
    fault = id_fault(value)
    if fault is not None:
        raise ValueError(f"an id {fault}")
    return value


class NewEvent(Body):
    """Something that has happened."""

    name: Annotated[
        str,
        StringConstraints(strict=True, max_length=200),
        AfterValidator(_name),
        Field(description="such as user/registered", examples=["user/registered"]),
    ]
    data: dict[str, Any] = Field(
        default_factory=dict, description="what families read of it; at most 256 kB"
    )
    id: Annotated[str, StringConstraints(strict=True), AfterValidator(_event_id)] | None = Field(
        None,
        max_length=200,
        description="an event of this name and id is taken once; null: each is another one",
    )
    at: MomentWithOffset | None = Field(
        None, description="when it happened, with its offset from UTC; null: now"
    )

    def sent(self) -> SentEvent:
        return SentEvent(self.name, self.data, self.id, self.at)


class NewEvents(BaseModel):
    """Those of one call, for its fingerprint."""

    events: list[NewEvent]


_ALL: TypeAdapter[list[NewEvent]] = TypeAdapter(list[NewEvent])


def events_in(body: list[Any]) -> NewEvents:  # JSON
    """
    Raises:
        ValidationError: of the list.
        TooLarge: there are too many, or one is too large.
    """
    if len(body) > MOST_EVENTS:
        raise TooLarge(
            f"{len(body):,} events in one call, and {MOST_EVENTS:,} are the most. Send fewer at a"
            " time."
        )
    events = _ALL.validate_python(body)
    _require_small(events)
    return NewEvents(events=events)


def _require_small(events: Sequence[NewEvent]) -> None:
    for number, event in enumerate(events):
        size = len(json.dumps(event.data, ensure_ascii=False, separators=(",", ":")).encode())
        if size > LARGEST_EVENT:
            raise TooLarge(
                f"The data of {event.name} has {size:,} bytes, and {LARGEST_EVENT:,} are the most."
                " Send where the rest is to be found.",
                field="data" if len(events) == 1 else f"{number}.data",
            )
