"""A pool of connections whose users wait, where that is better than to fail."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, cast

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, PoolProxiedConnection

from app.errors import Unavailable


class Waiter(Protocol):
    """Who asks for a connection, has a time limit of its own, and so waits as long as it takes."""

    def waiting(self) -> AbstractContextManager[None]:
        """It waits for as long as this is open."""

    def holds(self) -> None: ...
    def holds_no_more(self) -> None: ...


WAITER: ContextVar[Waiter | None] = ContextVar("sluice_waiter", default=None)
_HELD_BY = "sluice_held_by"


class WaitingPool(AsyncAdaptedQueuePool):
    """Tells how many wait for one of its connections, and tells each ``Waiter`` when it does.

    Others wait for the pool's ``timeout``.
    """

    def __init__(
        self,
        creator: Callable[[], DBAPIConnection],
        **options: Any,  # SQLAlchemy's
    ) -> None:
        super().__init__(creator, **options)
        self.in_line = 0
        event.listen(self, "checkin", _returned)

    def connect(self) -> PoolProxiedConnection:
        """
        Raises:
            Unavailable: none became free in time.
        """
        waiter = WAITER.get()
        free = self.checkedout() < self.size()
        connection = super().connect() if free else self._waited(waiter)
        record = connection.record_info
        if waiter is not None and record is not None:
            waiter.holds()
            record[_HELD_BY] = waiter
        return connection

    def _waited(self, waiter: Waiter | None) -> PoolProxiedConnection:
        self.in_line += 1
        try:
            if waiter is None:
                return super().connect()
            with waiter.waiting():
                while True:
                    try:
                        return super().connect()
                    except PoolTimeout:
                        pass  # the waiter's own limit is the one that counts
        except PoolTimeout:
            raise Unavailable(
                f"All {self.size()} connections to Postgres that are for this are in use, and none"
                f" became free within {self.timeout():g} s. Try again; if it lasts, look for"
                " sessions that families hold over slow calls, or raise SLUICE_POOL_SIZE."
            ) from None
        finally:
            self.in_line -= 1


@dataclass(frozen=True, slots=True)
class PoolStand:
    """Connections that may be open and that are in use, and how many wait for one."""

    limit: int
    in_use: int
    waiting: int


def stand_of(database: AsyncEngine) -> PoolStand:
    pool = cast("AsyncAdaptedQueuePool", database.pool)
    return PoolStand(pool.size(), pool.checkedout(), in_line(database))


def in_line(database: AsyncEngine) -> int:
    """How many wait for one of its connections."""
    return getattr(database.pool, "in_line", 0)


def _returned(_connection: object, record: ConnectionPoolEntry) -> None:
    waiter: Waiter | None = (record.record_info or {}).pop(_HELD_BY, None)
    if waiter is not None:
        waiter.holds_no_more()
