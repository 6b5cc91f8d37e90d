"""How events that were sent are shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from pydantic import Field

from app.schemas.base import Answer, View
from app.store.events.inbox import MOST_COUNTED

if TYPE_CHECKING:
    from app.store.events.inbox import UnmatchedEvents
    from app.store.tables.events import EventStart, ReceivedEvent
    from app.workflows.events.inbox import EventReceipt, TakenEvents


class AskedItemView(View):
    family: str
    item_id: str


class EventReceiptView(View):
    name: str
    id: str = Field(description="its sender's; or one that was made for it")
    duplicate: bool = Field(description="it was there already, and nothing was done")
    unmatched: bool = Field(
        description="no family knows its name, and no item has ever waited for one of that name"
    )
    starts: list[AskedItemView] = Field(description="what it asks for, of each family")
    woke: int = Field(description="items that waited for it, and go on with it")

    @classmethod
    def of(cls, receipt: EventReceipt) -> Self:
        return cls(
            name=receipt.name,
            id=receipt.id,
            duplicate=receipt.duplicate,
            unmatched=receipt.unmatched,
            starts=[AskedItemView(family=family, item_id=item) for family, item in receipt.asks],
            woke=receipt.woke,
        )


class EventsSentAnswer(Answer):
    events: list[EventReceiptView] = Field(description="in the order in which they were sent")

    @classmethod
    def of_taken(cls, taken: TakenEvents) -> Self:
        return cls(events=[EventReceiptView.of(one) for one in taken.receipts])


class EventStartView(AskedItemView):
    events: int = Field(description="how many events have asked for it while it waited")
    due_at: datetime = Field(description="when it starts, unless its family has a run first")
    run_id: str | None = Field(description="null: it waits, or see detail")
    detail: str | None = Field(description="why no run has it and none will")
    settled_at: datetime | None = Field(description="null: it waits")

    @classmethod
    def of(cls, start: EventStart) -> Self:
        return cls(**start.model_dump(include=set(cls.model_fields)))


class SentEventView(View):
    name: str
    id: str
    at: datetime = Field(description="when it happened, by its sender's clock")
    received_at: datetime
    sender: str = Field(description="the name of the token that sent it, or webhook and its source")
    unmatched: bool
    detail: str | None = Field(description="why a family could not use it; null: each could")
    starts: list[EventStartView]
    woke: int = Field(description="items that have waited for it, and went on with it")
    woken_run_ids: list[str] = Field(description="of those items; at most 20")

    @classmethod
    def of(cls, event: ReceivedEvent, starts: list[EventStart]) -> Self:
        return cls(
            **event.model_dump(include=set(cls.model_fields) - {"id", "starts"}),
            id=event.event_id,
            woken_run_ids=event.woken_runs or [],
            starts=[EventStartView.of(one) for one in starts],
        )


class SentEventsAnswer(Answer):
    events: list[SentEventView]
    next_cursor: str | None


class UnmatchedEventsView(View):
    name: str
    count: int = Field(description=f"of the time for which events are kept; at most {MOST_COUNTED}")
    exact: bool = Field(description="false: there are more")
    last_at: datetime = Field(description="when the last one was received")

    @classmethod
    def of(cls, found: UnmatchedEvents) -> Self:
        return cls(
            name=found.name,
            count=found.number,
            exact=found.number < MOST_COUNTED,
            last_at=found.last_at,
        )


class UnmatchedEventsAnswer(Answer):
    names: list[UnmatchedEventsView]
    next_cursor: str | None
