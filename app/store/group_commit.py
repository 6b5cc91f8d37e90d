"""Many small writes as few transactions: while one is under way, the next batch gathers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError

from app.connections.faults import DEADLOCK, sqlstate
from app.connections.shared_tasks import shared_task
from app.store.database import TRIES

LARGEST_BATCH = 500
HEAVIEST_BATCH = 16_000_000
"""Bytes of one transaction, unless one entry alone weighs more."""

T = TypeVar("T")


class GroupCommit(Generic[T]):
    """An entry alone is written at once; a thousand at a time share a few transactions.

    Args:
        commit: writes a batch in one transaction, all or nothing.
        weigh: bytes of an entry, where they may be many.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[T]], Awaitable[None]],
        weigh: Callable[[T], int] = lambda _entry: 0,
    ) -> None:
        self._commit = commit
        self._weigh = weigh
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, entry: T) -> None:
        """Return when the entry's transaction has committed, or raise what that one raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        if self._writing is None:
            self._writing = shared_task(self._drain())
        await done

    async def _drain(self) -> None:
        try:
            while self._waiting:
                number = self._next_batch()
                batch = self._waiting[:number]
                del self._waiting[:number]
                await self._settle(batch)
        finally:
            self._writing = None

    def _next_batch(self) -> int:
        weight = 0
        for number, (entry, _) in enumerate(self._waiting[:LARGEST_BATCH]):
            weight += self._weigh(entry)
            if number and weight > HEAVIEST_BATCH:
                return number
        return LARGEST_BATCH

    async def _settle(
        self, batch: Sequence[tuple[T, asyncio.Future[None]]], tries: int = TRIES
    ) -> None:
        try:
            await self._commit([entry for entry, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed to each waiter, none is swallowed
            if tries > 1 and sqlstate(error) == DEADLOCK:
                # Ended for the sake of another: nothing is wrong with it.
                await self._settle(batch, tries - 1)
                return
            if (
                len(batch) > 1
                and isinstance(error, DBAPIError)
                and not error.connection_invalidated
            ):
                # An entry that Postgres refuses must not take the others down with it: by halves,
                # so that among hundreds it is found in a few transactions.
                half = len(batch) // 2
                await self._settle(batch[:half])
                await self._settle(batch[half:])
                return
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)
