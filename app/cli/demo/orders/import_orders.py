"""Orders: a day's are imported from the shop, which stands in this file."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from app.workflows.family import (
    Context,
    Entity,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
    Page,
    Remembered,
)


class Params(FamilyParams):
    day: date = date(2026, 11, 28)


class Order(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    customer: str
    cents: int


SHOP = {
    f"order-{n:03}": Order(
        id=f"order-{n:03}", customer=f"customer-{n % 12:02}", cents=500 + 137 * n
    )
    for n in range(1, 61)
}
"""In place of another system, which is asked page by page: docs/guides/sources.md."""


class ImportOrders(JobFamily[Params, Order, Order]):
    """Import the orders of a day."""

    name = "import-orders"
    entity = Entity("order", "orders")
    verb = "import"
    params = Params
    existing = Remembered(by=("day",))
    flow = Flow(execute=FlowControl(parallelism=10, rate=60))

    def page(self, cursor: str | None, size: int, params: Params, ctx: Context) -> Page:
        begin = int(cursor or 0)
        end = begin + size
        return Page(sorted(SHOP)[begin:end], str(end) if end < len(SHOP) else None)

    def count(self, params: Params, ctx: Context) -> int:
        return len(SHOP)

    async def load(self, item_id: str, ctx: Context) -> Order | None:
        return SHOP.get(item_id)

    async def execute(self, entity: Order, params: Params, ctx: Context) -> Order:
        return entity

    async def save(self, entity: Order, result: Order, params: Params, ctx: Context) -> None:
        # Safe to repeat: the same field takes the same value.
        key = ctx.key("orders", str(params.day))
        await ctx.redis.hset(key, result.id, result.model_dump_json())
