"""How targets of notifications are shown, and what was sent to them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from pydantic import Field

from app.schemas.base import Answer, View
from app.store.notifications.event_types import DeliveryStatus, EventType, TargetKind

if TYPE_CHECKING:
    from app.store.tables.notifications import NotificationDelivery, NotificationTarget


class NotificationTargetView(View):
    id: str
    name: str
    kind: TargetKind
    url: str = Field(description="its host; the rest may be a secret, and is not shown")
    events: list[str] | None = Field(description="null: all")
    families: list[str] | None = Field(description="null: all")
    disabled_at: datetime | None = Field(description="null: it is told")
    disabled_reason: str | None
    created_by: str
    created_at: datetime

    @classmethod
    def of(cls, target: NotificationTarget) -> Self:
        return cls(
            **target.model_dump(include=set(cls.model_fields) - {"url", "kind"}),
            kind=TargetKind(target.kind),
            url=target.shown,
        )


class NotificationDeliveryView(View):
    id: int
    message_id: str = Field(description="webhook-id: the same in each attempt")
    event: EventType
    run_id: str | None = Field(description="null: of no run, but a test")
    family: str | None
    items: int = Field(description="of item.suspended: how many began to wait")
    status: DeliveryStatus
    attempts: int
    due_at: datetime | None = Field(description="when it is tried next; null: no more")
    last_at: datetime | None = Field(description="when it was tried last")
    last_status: int | None = Field(description="of HTTP; null: no answer yet")
    last_error: str | None = Field(description="why that attempt does not count; null: it does")
    took_ms: int | None
    created_at: datetime

    @classmethod
    def of(cls, delivery: NotificationDelivery) -> Self:
        shown = delivery.model_dump(include=set(cls.model_fields))
        waits = delivery.status == DeliveryStatus.WAITING
        return cls.model_validate({**shown, "due_at": delivery.due_at if waits else None})


class NotificationTargetAnswer(Answer):
    target: NotificationTargetView


class CreatedNotificationTargetAnswer(NotificationTargetAnswer):
    secret: str | None = Field(
        description="with which the receiver verifies what it is sent; shown this once. null: of"
        " slack, which is not signed"
    )


class NotificationTargetsAnswer(Answer):
    targets: list[NotificationTargetView]
    next_cursor: str | None


class RemovedNotificationTargetAnswer(Answer):
    removed: str


class NotificationDeliveryAnswer(Answer):
    delivery: NotificationDeliveryView


class NotificationDeliveriesAnswer(Answer):
    deliveries: list[NotificationDeliveryView]
    next_cursor: str | None
