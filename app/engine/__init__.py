"""The seam behind which a distributed queue stands. ``pgqueuer.py`` is the one that we use.

What an engine promises:

- A published message is delivered at least once, after the publisher's transaction has committed
  and never when it did not. While a message with an id waits or is in hand, another publication of
  that id does nothing.
- A delivery stays in hand until its handler's transaction calls ``complete`` or ``redeliver``. If
  the handler ends without either, or its worker dies, the message is delivered again.
- ``Delivery.token`` names this delivery. Once the message has been handed to somebody else,
  ``complete`` and ``redeliver`` refuse the old token, so a worker that stalled and woke up cannot
  overwrite what its successor wrote.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(slots=True)
class OutgoingMessage:
    """A message to publish. Of several flow keys' messages that are due, those of a higher
    ``priority`` are delivered sooner; of one flow key's, those that are due sooner."""

    id: str
    flow_key: str
    payload: bytes
    priority: int = 0
    delay: timedelta = timedelta(0)


def _nobody_listens() -> None: ...


@dataclass(slots=True)
class Delivery:
    """A message in hand.

    ``attempt`` begins at 1 and grows with every redelivery and every takeover from a dead worker.
    ``worked`` may be called when the work is done and only its outcome is still to be written: the
    message stays in hand until then, but its place is free for another one. ``stopped``: the worker
    has cancelled the handler, and the message goes back. ``taken_over``: another worker had it in
    hand, and is gone or silent.
    """

    token: tuple[int, int]
    flow_key: str
    payload: bytes
    attempt: int
    worked: Callable[[], None] = field(default=_nobody_listens, repr=False, compare=False)
    stopped: bool = field(default=False, repr=False, compare=False)
    taken_over: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages of one flow key wait, and how many are in some worker's hand."""

    waiting: int
    in_hand: int


@dataclass(frozen=True, slots=True)
class PrefixDepth:
    """Of a flow key's messages those whose ids begin alike: how many are due, come later, or are in
    hand. Not ``exact``: there were too many to look at all."""

    due: int
    deferred: int
    in_hand: int
    exact: bool


Room = Callable[[str, int], int | None]
Handler = Callable[[Delivery], Awaitable[None]]


class Worker(Protocol):
    """Takes messages and hands them to handlers until it is stopped."""

    async def run(self) -> None:
        """Deliver until ``stop``; then let what is in hand end, and give back what does not."""

    def stop(self) -> None: ...

    def look(self) -> None:
        """There may be more room than there was."""

    @property
    def at_work(self) -> int:
        """How many messages handlers have just now."""


class Engine(Protocol):
    async def install(self) -> None:
        """Create or bring up to date what the engine keeps in the database. Safe to repeat."""

    async def publish(self, tx: AsyncConnection, messages: Sequence[OutgoingMessage]) -> int:
        """Enqueue in the caller's transaction. Returns how many did not wait there already."""

    async def hasten(self, tx: AsyncConnection, messages: Sequence[OutgoingMessage]) -> int:
        """Publish, and let what waits already under these ids come as soon as if it were new."""

    async def complete(
        self, tx: AsyncConnection, deliveries: Iterable[Delivery]
    ) -> set[tuple[int, int]]:
        """Take the messages off the queue in the caller's transaction.

        Returns the tokens that were still ours. A caller that misses one must not write what it
        was going to write for it.
        """

    async def redeliver(
        self, tx: AsyncConnection, later: Sequence[tuple[Delivery, timedelta]]
    ) -> set[tuple[int, int]]:
        """Give messages back, to come again after a delay. Returns the tokens still ours."""

    async def holds(self, tx: AsyncConnection, delivery: Delivery) -> bool:
        """Whether the delivery is still ours; nobody can take it over before ``tx`` ends."""

    async def ours(
        self, tx: AsyncConnection, deliveries: Iterable[Delivery]
    ) -> set[tuple[int, int]]:
        """The tokens that are still ours just now; unlike ``holds``, nothing keeps them so."""

    async def withdraw(self, tx: AsyncConnection, ids: Sequence[str]) -> set[str]:
        """Take off the queue those of these messages that nobody has in hand.

        Returns the ids of the others: somebody has them in hand.
        """

    async def present(self, tx: AsyncConnection, ids: Sequence[str]) -> set[str]:
        """Which of these messages wait or are in hand."""

    async def any_present(self, tx: AsyncConnection, flow_key: str, prefix: str) -> bool:
        """Whether a message of this flow key waits or is in hand whose id begins so."""

    async def parts(
        self, tx: AsyncConnection, of: Sequence[tuple[str, str]], *, most: int = 2_000
    ) -> list[PrefixDepth]:
        """
        Args:
            of: flow keys, each with how the ids begin.
            most: of each flow key's messages no more are looked at, and of those in hand.
        """

    async def rename(self, tx: AsyncConnection, old: str, new: str) -> None:
        """Messages of the flow key ``old`` become those of ``new``; what is in hand stays so."""

    async def tidy(self) -> None:
        """Whatever upkeep a busy queue needs more often than the database does it by itself."""

    async def depth(self) -> Mapping[str, Depth]:
        """By flow key; a key without messages is left out."""

    def worker(self, handlers: Mapping[str, Handler], *, room: Room, concurrency: int) -> Worker:
        """
        Args:
            handlers: by flow key; a message of another key is left to other workers.
            room: how many messages of a flow key to have at work at once, given how many are;
                asked anew each time. None: no bound of its own.
            concurrency: how many messages to have at work at once over all keys.
        """
