"""The rows of ``filled_tables`` that are asked for, by what is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.engine import Token
from app.engine.postgres.queue_connection import QueueConnection
from app.store.items.claims import ItemClaim
from app.store.steps.steps import ItemId, StepId

RUN = "run_of_many"
KEY = "a.execute"
WORKER = UUID(md5(b"0", usedforsecurity=False).hexdigest())
NOW, DAY = datetime.now(UTC), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """``numbers``: below a third of those that there are."""

    numbers: Sequence[int]

    @property
    def pending(self) -> list[str]:
        """Items' ids."""
        return [f"u{seq}" for seq, _ in self.in_hand]

    @property
    def in_hand(self) -> list[Token]:
        """Deliveries of messages."""
        return [(2 * n + 1, 1) for n in self.numbers]

    @property
    def claims(self) -> list[ItemClaim]:
        return [ItemClaim(RUN, f"u{seq}", (seq, number)) for seq, number in self.in_hand]

    @property
    def waiting(self) -> list[int]:
        """Messages, and events of which no value is kept yet."""
        return [2 * n for n in self.numbers]

    @property
    def suspended(self) -> list[ItemId]:
        return [(RUN, f"u{seq}") for seq in self.waiting]

    @property
    def partitions(self) -> list[str]:
        """Of what is suspended."""
        return [f"p{seq}" for seq in self.waiting]

    @property
    def steps(self) -> list[StepId]:
        """Of what is suspended."""
        return [(*place, "paid") for place in self.suspended]

    @property
    def in_batch(self) -> list[str]:
        """Requests, of the batch of many."""
        return [f"c{3 * n}" for n in self.numbers]

    @property
    def unsent(self) -> list[int]:
        """Of the outbox."""
        return [3 * n for n in self.numbers]

    @property
    def bounds(self) -> tuple[int, int]:
        """The first and the last number of a row."""
        return self.numbers[0], 3 * self.numbers[-1] + 1

    @property
    def one(self) -> int:
        """The first number."""
        return self.numbers[0]

    @property
    def run(self) -> str:
        return f"run_{self.one}"

    @property
    def batch(self) -> str:
        """Of one request."""
        return f"b{3 * self.one + 1}"


Asked = Callable[[AsyncConnection, Wanted], Awaitable[object]]


def publication(seq: int) -> UUID:
    """Of the outbox."""
    return UUID(md5(str(seq).encode(), usedforsecurity=False).hexdigest())


async def queue_of(tx: AsyncConnection) -> QueueConnection:
    """As a worker's, but for its connection."""
    driver = (await tx.get_raw_connection()).driver_connection
    return QueueConnection(driver, WORKER, timedelta(seconds=30))


def raw(tx: AsyncConnection, statement: str, *values: object) -> Awaitable[object]:
    return fetch_raw(tx, statement, *values)
