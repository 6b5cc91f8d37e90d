"""The seam behind which a queue stands. ``app.engine.postgres`` is the one with workers, and
``app.engine.qstash`` the one without (docs/decisions/0027).

What an engine promises:

- A published message is delivered at least once, after the publisher's transaction has committed,
  and never if it was rolled back. To publish a message again that still waits only makes it come
  no later, and with no lower priority, than the new publication asks for. One that is in hand is
  delivered once more afterwards.
- A delivery is over when its handler returns None. If the handler returns a delay, fails, or dies
  with its process, the message is delivered again.

It promises no more: a message may come twice, late, or while a former delivery of it still goes on.
A message is a hint that there is something to do; the rows say whether there is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.config.priorities import HIGHEST, LOWEST, ORDINARY

Token = tuple[int, int]
"""A message's number, and the number of this delivery of it."""


@dataclass(slots=True)
class OutgoingMessage:
    """A message to publish. Messages that are due are delivered by ``priority`` (0 to 9, the
    highest first), then by the ``rank`` of their flow key (the highest first), then by the time
    since which they are due. An engine whose queue keeps no order only sends them in this order.

    ``size``: how many items it names.
    """

    id: str
    flow_key: str
    payload: bytes
    priority: int = ORDINARY
    delay: timedelta = timedelta(0)
    size: int = 1
    rank: int = 0


@dataclass(slots=True)
class Delivery:
    """A message in hand.

    ``token``: no other delivery ever has it. ``attempt`` begins at 1 and grows with every delivery,
    until the message is published once more. ``stopped``: the worker has cancelled the handler, and
    the message goes back. ``due``: since when it has been due, in seconds of this process's
    ``time.perf_counter``; None: not known. ``priority``: that of its message.
    """

    token: Token
    flow_key: str
    payload: bytes
    attempt: int
    stopped: bool = False
    due: float | None = None
    priority: int = ORDINARY


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The deliveries that were in the hands of a worker which has died, or hangs."""

    worker: UUID
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Depth:
    """How many items are in messages that are due, that come later, or that a worker has in
    hand."""

    due: int = 0
    deferred: int = 0
    in_hand: int = 0

    @property
    def waiting(self) -> int:
        return self.due + self.deferred

    @property
    def total(self) -> int:
        return self.waiting + self.in_hand


@dataclass(frozen=True, slots=True)
class Backlog:
    """The queued work of a flow key. ``oldest``: for how many seconds the message that waits
    longest has been due; 0: no message is due."""

    depth: Depth = Depth()
    oldest: float = 0.0


@dataclass(frozen=True, slots=True)
class Unsent:
    """How many messages are still to be sent on, and for how many seconds the oldest has waited."""

    messages: int
    oldest: float


Handler = Callable[[Delivery], Awaitable[timedelta | None]]
"""Returns the delay after which the message is delivered again; None: the delivery is over."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A worker's request for at most ``most`` messages of one flow key, with priorities from
    ``low`` to ``high``.

    ``bit``: when these have been taken, there may be room for more: they are taken a few at a time,
    so that other workers have their turn. ``owed``: take them before messages of a higher priority,
    because their share is due. ``rank``: that of the flow key.
    """

    most: int
    low: int = LOWEST
    high: int = HIGHEST
    bit: bool = False
    owed: bool = False
    rank: int = 0

    @property
    def bits(self) -> int:
        """A bit mask with one bit for each of its priorities."""
        return (2 << self.high) - (1 << self.low)

    def takes(self, priority: int) -> bool:
        return self.low <= priority <= self.high


class Lane(Protocol):
    """The flow keys whose messages share a worker's places, and how many it has room for."""

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by flow key. Messages of other keys are left to other workers."""

    def places(self) -> int:
        """How many more messages to take now, over all keys; 0 only if there is no room even for
        the highest priority."""

    def room(self, flow_key: str) -> int:
        """How many more messages of this key to take now, whatever their priority."""

    def asks(self, flow_key: str, dry: int) -> Sequence[Ask]:
        """What to take of this key now, priority by priority; each priority is in one at most.

        Args:
            dry: a bit mask of the priorities of which no message is due.
        """


class Worker(Protocol):
    """Takes messages and hands them to handlers until it is stopped."""

    async def run(self) -> None:
        """Deliver until ``stop``. Then wait for the deliveries in hand, within the stop's time
        limit, and give the others back."""

    def stop(self) -> None: ...

    def look(self) -> None:
        """Ask the lanes again: there may be more room than before."""


class Engine(Protocol):
    async def publish(self, tx: AsyncConnection, messages: Sequence[OutgoingMessage]) -> int:
        """Enqueue in the caller's transaction, which then only publishes more. Returns how many
        messages are new, or come sooner than they would have."""

    async def withdraw(self, tx: AsyncConnection, ids: Collection[str]) -> None:
        """What waits under these ids would find nothing to do, and need not come. It may: what is
        in hand, locked, or on its way elsewhere stays."""

    async def living(self, tx: AsyncConnection, tokens: Collection[Token]) -> set[Token]:
        """Which of these deliveries still go on, as far as the engine knows."""

    async def abandoned(
        self, tx: AsyncConnection, tokens: Collection[Token]
    ) -> Sequence[Abandoned]:
        """The workers that died, or hang, with one of these deliveries in hand, each with all
        deliveries that it had in hand and whose messages have not ended since."""

    async def rename(self, tx: AsyncConnection, old: str, new: str) -> None:
        """Give messages of the flow key ``old`` the key ``new``. Those in hand stay in hand."""

    async def hurry(self, tx: AsyncConnection, flow_keys: Sequence[str], until: datetime) -> None:
        """End the hold of these keys, which was to last ``until`` then: messages that were to come
        again at that time come soon, but only when every process knows of it."""

    async def tidy(self) -> None:
        """Do the upkeep that a busy queue needs more often than the database does it by itself."""

    async def depth(self) -> Mapping[str, Depth]:
        """By flow key; a key without messages is left out."""

    async def depth_of(self, tx: AsyncConnection, of: Sequence[tuple[str, str]]) -> Sequence[Depth]:
        """The depth of each flow key, counting only messages whose id begins with its prefix.

        Args:
            of: pairs of a flow key and a prefix.
        """

    async def backlog(
        self, tx: AsyncConnection, flow_keys: Sequence[str], *, most: int
    ) -> Mapping[str, Backlog]:
        """The backlog by flow key.

        Args:
            most: how many messages of a key are counted at most, those that are due longest first.
        """

    async def unsent(self, tx: AsyncConnection, *, most: int) -> Unsent | None:
        """The messages that are still to be sent on; None: this engine sends none on.

        Args:
            most: how many messages are counted at most.
        """

    def worker(self, lanes: Sequence[Lane], identity: UUID) -> Worker:
        """A worker with this identity, which no other worker ever has. Each lane has places of its
        own."""
