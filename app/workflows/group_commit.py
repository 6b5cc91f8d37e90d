"""Many small writes as few transactions: while one is under way, the next batch gathers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError

LARGEST_BATCH = 500

T = TypeVar("T")


class GroupCommit(Generic[T]):
    """An entry alone is written at once; a thousand at a time share a few transactions.

    Args:
        commit: writes a batch in one transaction, all or nothing.
    """

    def __init__(self, commit: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        self._commit = commit
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, entry: T) -> None:
        """Return when the entry's transaction has committed, or raise what that one raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._drain())
        await done

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:LARGEST_BATCH]
                del self._waiting[:LARGEST_BATCH]
                await self._settle(batch)
        finally:
            self._writing = None

    async def _settle(self, batch: Sequence[tuple[T, asyncio.Future[None]]]) -> None:
        try:
            await self._commit([entry for entry, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed to each waiter, none is swallowed
            if (
                len(batch) > 1
                and isinstance(error, DBAPIError)
                and not error.connection_invalidated
            ):
                # One entry that Postgres refuses must not take the others down with it.
                for single in batch:
                    await self._settle([single])
                return
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)
