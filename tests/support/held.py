"""A family whose items wait until the test lets them go."""

from __future__ import annotations

import asyncio

from app.workflows.family import Context
from tests.support.families import Recording
from tests.support.patience import PATIENCE


class Held(Recording):
    """``inside``: the items that are at work now."""

    page_size = 10
    chunk_size = 4

    def __init__(self) -> None:
        super().__init__(self._hold)
        self.let_go = asyncio.Event()
        self.inside: set[str] = set()

    async def _hold(self, item_id: str, ctx: Context) -> None:
        self.inside.add(item_id)
        try:
            await self.let_go.wait()
        finally:
            self.inside.discard(item_id)

    async def until_inside(self, number: int) -> None:
        """Wait until at least so many are at work."""
        async with asyncio.timeout(PATIENCE):
            while len(self.inside) < number:
                await asyncio.sleep(0.005)
