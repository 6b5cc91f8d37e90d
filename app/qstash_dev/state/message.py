"""One message on its way to one destination."""

from __future__ import annotations

import secrets
from asyncio import TimerHandle
from dataclasses import dataclass, field
from enum import StrEnum

from app.qstash_dev.wire.instructions import Instructions


def new_id(prefix: str) -> str:
    """``msg_2c9f…``: 28 letters and digits behind the prefix."""
    return prefix + secrets.token_hex(14)


class MessageState(StrEnum):
    """As the log names them."""

    CREATED = "CREATED"  # accepted
    ACTIVE = "ACTIVE"  # its destination is called
    RETRY = "RETRY"  # it is called again later
    ERROR = "ERROR"  # what a call came to that is no success
    DELIVERED = "DELIVERED"  # its destination has answered 2xx: an end
    FAILED = "FAILED"  # it is not called again; the message is a dead letter: an end
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    # The documentation spells it CANCELLED; the official clients read this, and nothing else.
    CANCELED = "CANCELED"  # an end


ENDS = frozenset({MessageState.DELIVERED, MessageState.FAILED, MessageState.CANCELED})


@dataclass(frozen=True, slots=True)
class MessageOrigin:
    """What a message comes from, beside its headers and its body. None: from none."""

    caller_ip: str = ""
    queue: str | None = None
    schedule_id: str | None = None
    url_group: str | None = None
    endpoint: str | None = None


@dataclass(slots=True, eq=False)
class QStashMessage:
    """
    Args:
        created_at: Unix seconds, as are all moments here.
        not_before: before which it is not delivered.
        retried: how many calls of its destination were no success.
        calls: of its destination, those that nobody is told of included.
        source: the message whose callback this is.
        follow_ups: its own callbacks that have not ended.
        in_turn: its queue lets it be delivered.
        repeated: delivered beside the message that it is a copy of; what comes of it is nothing.
    """

    id: str
    url: str
    body: bytes
    instructions: Instructions
    origin: MessageOrigin
    created_at: float
    not_before: float
    deduplication_id: str | None = None
    source: QStashMessage | None = field(default=None, repr=False)
    repeated: bool = False
    retried: int = 0
    calls: int = 0
    state: MessageState = MessageState.CREATED
    cancel_requested: bool = False
    follow_ups: int = 0
    in_turn: bool = False
    waits_for: TimerHandle | None = field(default=None, repr=False)

    @property
    def flow_key(self) -> str | None:
        flow = self.instructions.flow
        return None if flow is None else flow[0]

    @property
    def ended(self) -> bool:
        return self.state in ENDS
