"""The seam behind which a queue stands. ``app.engine.postgres`` is the one with workers, and
``app.engine.qstash`` the one without (docs/decisions/0027).

What an engine promises:

- A published message is delivered at least once, after the publisher's transaction has committed
  and never when it did not. Of a message that waits, another publication only makes sure that it
  comes as soon, and with the same priority; one that is in hand is delivered once more afterwards.
- A delivery that its handler has ended is over. Where the handler says "again after", fails, or is
  gone with its process, the message is delivered again.

It promises no more: a message may come twice, late, or while a former delivery of it still goes on.
A message is a hint that there is something to do, and rows say whether there is.
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
    """A message to publish. Of those that are due, those of a higher ``priority``, from 0 to 9, are
    delivered sooner; of one priority, those of a flow key of a higher ``rank``; and of one flow
    key, those that are due sooner. An engine whose queue keeps no order has them leave in this
    order, and promises no more.

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
    until the message has been published once more. ``stopped``: the worker has cancelled the
    handler, and the message goes back. ``due``: since when it was to be delivered, by this process'
    ``time.perf_counter``; None: nobody said. ``priority``: of its message.
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
    """What a worker had in hand that was found to be gone, or to hang."""

    worker: UUID
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Depth:
    """Items in messages that are due, come later, or are in some worker's hand."""

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
    """What there is of a flow key. ``oldest``: seconds since which the message has been due that
    waits longest; 0: none waits that is due."""

    depth: Depth = Depth()
    oldest: float = 0.0


@dataclass(frozen=True, slots=True)
class Unsent:
    """Messages that are still to be sent on, and for how many seconds the oldest has been."""

    messages: int
    oldest: float


Handler = Callable[[Delivery], Awaitable[timedelta | None]]
"""Returns after how long the message shall come again; None: its delivery is over."""


@dataclass(frozen=True, slots=True)
class Ask:
    """At most so many messages of one flow key, of the priorities from ``low`` to ``high``.

    ``bit``: there may be room for more of them when these have been taken: they come bit by bit, so
    that other workers have their turn. ``owed``: before whatever has a higher priority. ``rank``:
    of the flow key.
    """

    most: int
    low: int = LOWEST
    high: int = HIGHEST
    bit: bool = False
    owed: bool = False
    rank: int = 0

    @property
    def bits(self) -> int:
        """One for each of its priorities."""
        return (2 << self.high) - (1 << self.low)

    def takes(self, priority: int) -> bool:
        return self.low <= priority <= self.high


class Lane(Protocol):
    """Messages that share a worker's places."""

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By flow key; a message of another key is left to other workers."""

    def places(self) -> int:
        """How many more messages to take now, over all keys, of the highest priority at least."""

    def room(self, flow_key: str) -> int:
        """How many more messages of this key to take now, whatever their priority."""

    def asks(self, flow_key: str, dry: int) -> Sequence[Ask]:
        """What to take of this key now, priority by priority; each priority is in one at most.

        Args:
            dry: a bit for each priority of which nothing is due.
        """


class Worker(Protocol):
    """Takes messages and hands them to handlers until it is stopped."""

    async def run(self) -> None:
        """Deliver until ``stop``; then let what is in hand end, and give back what does not."""

    def stop(self) -> None: ...

    def look(self) -> None:
        """There may be more room than there was."""


class Engine(Protocol):
    async def publish(self, tx: AsyncConnection, messages: Sequence[OutgoingMessage]) -> int:
        """Enqueue in the caller's transaction, as its last statement but for other publications.
        Returns how many are on their way sooner than they were."""

    async def living(self, tx: AsyncConnection, tokens: Collection[Token]) -> set[Token]:
        """Which of these deliveries still go on, as far as the engine knows."""

    async def abandoned(
        self, tx: AsyncConnection, tokens: Collection[Token]
    ) -> Sequence[Abandoned]:
        """Of each worker that was found to be gone, or to hang, with one of these deliveries in
        hand: all that it had, as far as their messages have not ended since."""

    async def rename(self, tx: AsyncConnection, old: str, new: str) -> None:
        """Messages of the flow key ``old`` become those of ``new``; what is in hand stays so."""

    async def hurry(self, tx: AsyncConnection, flow_keys: Sequence[str], until: datetime) -> None:
        """These keys are held no more, as they were to be ``until`` then. What was told to come
        again at that time comes soon, and not before every process knows."""

    async def tidy(self) -> None:
        """Whatever upkeep a busy queue needs more often than the database does it by itself."""

    async def depth(self) -> Mapping[str, Depth]:
        """By flow key; a key without messages is left out."""

    async def depth_of(self, tx: AsyncConnection, of: Sequence[tuple[str, str]]) -> Sequence[Depth]:
        """
        Args:
            of: flow keys, each with how the ids of the messages begin.
        """

    async def backlog(
        self, tx: AsyncConnection, flow_keys: Sequence[str], *, most: int
    ) -> Mapping[str, Backlog]:
        """Of each of these flow keys.

        Args:
            most: messages of a key that are counted, those first that have been due longest.
        """

    async def unsent(self, tx: AsyncConnection, *, most: int) -> Unsent | None:
        """None: the engine sends nothing on.

        Args:
            most: messages that are counted.
        """

    def worker(self, lanes: Sequence[Lane], identity: UUID) -> Worker:
        """A worker of this identity, which no other one ever has. What it takes of one
        lane leaves the others' places."""
