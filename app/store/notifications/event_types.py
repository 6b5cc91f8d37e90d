"""What somebody outside may be told of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.store.statuses import EventKind, PauseReason, RunStatus


class EventType(StrEnum):
    """The ``type`` of a message."""

    RUN_PAUSED = "run.paused"  # by itself or by an operator, and it needs no approval
    RUN_WAITING = "run.waiting_for_approval"
    RUN_SUCCEEDED = "run.succeeded"
    RUN_PARTIAL = "run.partial"  # it ended, and some items did not succeed
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"
    ITEM_SUSPENDED = "item.suspended"  # items wait for a person; one message tells of many
    TEST = "test"  # somebody tries whether it arrives


SUBSCRIBABLE: Final = tuple(one for one in EventType if one is not EventType.TEST)


class TargetKind(StrEnum):
    """The form in which messages are sent to a target."""

    WEBHOOK = "webhook"  # the Standard Webhooks specification, signed
    SLACK = "slack"  # a text, as Slack and what is compatible to it take


class DeliveryStatus(StrEnum):
    WAITING = "waiting"  # for its first attempt, or for its next
    DELIVERED = "delivered"  # the target has answered 2xx
    FAILED = "failed"  # it has not for a day


_ENDS: Final[Mapping[str | None, EventType]] = MappingProxyType(
    {
        RunStatus.SUCCEEDED: EventType.RUN_SUCCEEDED,
        RunStatus.PARTIAL: EventType.RUN_PARTIAL,
        RunStatus.FAILED: EventType.RUN_FAILED,
        RunStatus.CANCELLED: EventType.RUN_CANCELLED,
    }
)


def event_type(kind: EventKind, reason: str | None) -> EventType | None:
    """What is told of a run's event; None: nothing."""
    if kind is EventKind.PAUSED:
        return EventType.RUN_WAITING if reason == PauseReason.APPROVAL else EventType.RUN_PAUSED
    return _ENDS.get(reason) if kind is EventKind.ENDED else None
