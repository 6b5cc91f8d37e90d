"""The permits that an item waits for before it begins: of its run's share, and of its flow key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from app.flow.gate import Gate, GateClosed
from app.workflows.layers.item_claims import ClaimedItem
from app.workflows.places.item_places import ItemTurn
from app.workflows.runs.cache import CachedRun, RunCache


@dataclass(frozen=True, slots=True)
class ItemPermits:
    gate: Gate
    runs: RunCache

    async def ahead(
        self, flow_key: str, items: Sequence[ClaimedItem], turns: Sequence[ItemTurn]
    ) -> None:
        """Ask for the permits of items whose turn has come, with one wait. ``turns`` get them.
        Items that have to wait for something else first are left out."""
        view = self.runs.peek(items[0].claim.run_id) if turns else None
        if view is None or view.share is not None:
            return
        asking = [
            (turn, item.partition or None)
            for turn, item in zip(turns, items, strict=False)
            if item.partition is not None and not item.lost
        ]
        try:
            names = [name for _, name in asking]
            permits = await self.gate.ahead(flow_key, names, view.priority) if names else ()
        except GateClosed:
            return  # each is told by itself
        for (turn, _), permit in zip(asking, permits, strict=False):
            turn.permit = permit

    async def enter(
        self,
        held: AsyncExitStack,
        flow_key: str,
        partition: str | None,
        view: CachedRun,
        turn: ItemTurn | None,
        run_id: str,
    ) -> bool:
        """Wait for the permits; ``held`` gives them back. False: the run stopped first.

        Args:
            turn: given back, and waited for anew, when one of a higher priority wants it meanwhile;
                ``held`` holds nothing else then. None: it is kept.
        """
        while not await self._entered(held, flow_key, partition, view, turn, run_id):
            if turn is None or not turn.passed:
                return False
            await held.aclose()
            await turn.again()
        if turn is not None:
            turn.keep()
        return True

    async def _entered(
        self,
        held: AsyncExitStack,
        flow_key: str,
        partition: str | None,
        view: CachedRun,
        turn: ItemTurn | None,
        run_id: str,
    ) -> bool:
        try:
            async with asyncio.timeout(None) as wait:
                self.runs.enter(run_id, wait)
                if turn is not None:
                    turn.enter_gate(wait)
                try:
                    if view.share is not None:
                        share = self.gate.share(run_id, lambda: self._share_of(run_id))
                        await held.enter_async_context(share)
                    ahead = None if turn is None else turn.take_permit()
                    permit = ahead or self.gate.permit(flow_key, partition, view.priority)
                    await held.enter_async_context(permit)
                finally:
                    if turn is not None:
                        turn.leave_gate()
                    self.runs.leave(run_id, wait)
        except TimeoutError:
            if not wait.expired():
                raise
            return False
        return True

    def _share_of(self, run_id: str) -> int | None:
        view = self.runs.peek(run_id)
        return None if view is None else view.share
