"""Events that a caller sends, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from sluice.models import ReadModel


class NewEvent(BaseModel):
    """An event to send. ``id``: events with the same name and id are accepted once; None: each is a
    new one. ``at``: when it happened; None: now."""

    name: str
    data: Mapping[str, Any] = Field(default_factory=dict)
    id: str | None = None
    at: AwareDatetime | None = None


class AskedItem(ReadModel):
    """What an event asks of a family."""

    family: str
    item_id: str


class SentEvent(ReadModel):
    """What became of an event. ``duplicate``: it was there already, and nothing was done.
    ``unmatched``: no family knows its name, and no item has ever waited for one of that name.
    ``woke``: how many items that waited for it go on."""

    name: str
    id: str
    duplicate: bool
    unmatched: bool
    starts: list[AskedItem]
    woke: int = 0


class EventsSentAnswer(ReadModel):
    events: list[SentEvent]


def new_event(
    name: str, data: BaseModel | Mapping[str, Any] | None, event_id: str | None, at: datetime | None
) -> NewEvent:
    """
    Raises:
        ValueError: ``at`` does not say its offset from UTC.
    """
    told = data.model_dump(mode="json", by_alias=True) if isinstance(data, BaseModel) else data
    return NewEvent(name=name, data=told or {}, id=event_id, at=at)


def as_body(events: Sequence[NewEvent]) -> list[dict[str, Any]]:  # JSON
    """
    Raises:
        ValueError: one of them has no form in JSON.
    """
    return [event.model_dump(mode="json", exclude_none=True) for event in events]
