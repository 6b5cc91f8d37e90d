"""Items that were at work when their worker ended without a word.

Nothing is written for an item that begins. Only one that is taken over from a delivery that is over
leaves a mark first, so a mark that no outcome has taken away says that the item itself was at work,
and did not merely wait in the worker's hands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.group_commit import GroupCommit
from app.store.items import claims
from app.store.items.claims import ItemClaim

MOST_LOSSES = 5
"""Marks of one item. What ends each worker that touches it must not go round for ever."""
ALONE_FROM = 2
"""With so many marks, of several such items one at a time is at work in a worker: of those that are
side by side when it ends, nobody knows which one did it."""


class Losses:
    """One for a worker; marks of many items are one commit."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database
        self._group = GroupCommit(self._commit)
        self._alone = asyncio.Lock()

    def room(self, lost: int) -> AbstractAsyncContextManager[object]:
        """Hold this while an item with so many marks is at work."""
        return self._alone if lost >= ALONE_FROM else nullcontext()

    async def begin(self, claim: ItemClaim) -> None:
        """Mark the item, which was taken over."""
        await self._group.add(claim)

    async def _commit(self, begun: Sequence[ItemClaim]) -> None:
        async with self._database.begin() as tx:
            await claims.mark(tx, begun)
