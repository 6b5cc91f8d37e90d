"""Items that wait for invoices to be paid, and what tests ask about them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from app.workflows.events.inbox import SentEvent
from app.workflows.family import Context, MatchedEvent, Overlap
from tests.support.patience import PATIENCE
from tests.support.service import Sluice
from tests.support.stepped import Stepped

PAID = "invoice/paid"


class Awaiting(Stepped):
    """Executes by a script."""

    name = "awaiting"
    overlap = Overlap.ALLOW


def paid(value: object, event_id: str | None = None, **more: Any) -> SentEvent:
    return SentEvent(PAID, {"invoice": {"id": value}, **more}, event_id)


async def wait(item: str, ctx: Context) -> MatchedEvent | None:
    """For the item's own invoice."""
    return await ctx.wait_for(PAID, match="invoice.id")


async def found(sluice: Sluice, number: int, statement: str) -> Sequence[Any]:
    """The rows, once there are so many."""
    async with asyncio.timeout(PATIENCE):
        while len(rows := await sluice.sql(statement)) < number:
            await asyncio.sleep(0.005)
    return rows


async def steps_waiting(sluice: Sluice, number: int = 1) -> None:
    """Return once so many steps, of whichever items, wait for an event."""
    await found(
        sluice, number, "SELECT 1 FROM sluice.step WHERE status = 'waiting' AND event IS NOT NULL"
    )
