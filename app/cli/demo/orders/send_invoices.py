"""Invoices: when the orders of a day are there, each customer is sent one."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date

from app.workflows.family import (
    After,
    Context,
    Entity,
    FamilyParams,
    FinishedRun,
    Flow,
    FlowControl,
    JobFamily,
    Overlap,
    Page,
    Remembered,
)


class Params(FamilyParams):
    day: date = date(2026, 11, 28)


class SendInvoices(JobFamily[Params, str, int]):
    """Send each customer an invoice for what they ordered on a day. Its result: cents."""

    name = "send-invoices"
    entity = Entity("customer", "customers")
    verb = "bill"
    params = Params
    after = After("import-orders", params=("day",))
    overlap = Overlap.QUEUE
    existing = Remembered(by=("day",))
    flow = Flow(execute=FlowControl(parallelism=5, rate=30))

    async def page(self, cursor: str | None, size: int, params: Params, ctx: Context) -> Page:
        customers = sorted(await self._owed(params, ctx))
        begin = int(cursor or 0)
        end = begin + size
        return Page(customers[begin:end], str(end) if end < len(customers) else None)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: Params, ctx: Context) -> int:
        return (await self._owed(params, ctx))[entity]

    async def save(self, entity: str, result: int, params: Params, ctx: Context) -> None:
        # Safe to repeat: the same key takes the same value. A mail would need an idempotency key.
        await ctx.redis.set(ctx.key("invoice", str(params.day), entity), result)

    async def finish(self, run: FinishedRun[int], ctx: Context) -> dict[str, int]:
        """What the day came to; it is the run's result."""
        cents = 0
        async for item in run.items(status="succeeded"):
            cents += item.result or 0
        return {"invoices": run.succeeded, "cents": cents}

    async def _owed(self, params: Params, ctx: Context) -> dict[str, int]:
        """Cents by customer."""
        owed: dict[str, int] = defaultdict(int)
        for text in (await ctx.redis.hgetall(ctx.key("orders", str(params.day)))).values():
            order = json.loads(text)
            owed[order["customer"]] += order["cents"]
        return owed
