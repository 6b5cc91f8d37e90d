"""Products, each described by a model at half the price; the catalogue stands in this file."""

from __future__ import annotations

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


class Product(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    name: str


KINDS = ("Kettle", "Lamp", "Chair", "Notebook", "Umbrella", "Clock")
WOODS = ("oak", "walnut", "steel", "linen", "glass", "copper", "paper", "wool", "cork", "felt")
CATALOGUE = {
    f"product-{n:03}": Product(id=f"product-{n:03}", name=f"{kind} of {wood}")
    for n, (kind, wood) in enumerate(((k, w) for k in KINDS for w in WOODS), start=1)
}
MODEL = "gpt-4o-mini"


class DescribeProducts(JobFamily[FamilyParams, Product, str]):
    """Describe the products of a catalogue."""

    name = "describe-products"
    entity = Entity("product", "products")
    verb = "describe"
    existing = Remembered()
    flow = Flow(execute=FlowControl(parallelism=10))

    def page(self, cursor: str | None, size: int, params: FamilyParams, ctx: Context) -> Page:
        begin = int(cursor or 0)
        end = begin + size
        return Page(sorted(CATALOGUE)[begin:end], str(end) if end < len(CATALOGUE) else None)

    def count(self, params: FamilyParams, ctx: Context) -> int:
        return len(CATALOGUE)

    async def load(self, item_id: str, ctx: Context) -> Product | None:
        return CATALOGUE.get(item_id)

    async def execute(self, entity: Product, params: FamilyParams, ctx: Context) -> str:
        asked = f"Describe this product in a sentence: {entity.name}"
        body = {"model": MODEL, "messages": [{"role": "user", "content": asked}]}
        reply = await ctx.deferred("describe", body)
        said: str = reply.body["choices"][0]["message"]["content"]
        return said

    async def save(self, entity: Product, result: str, params: FamilyParams, ctx: Context) -> None:
        # Safe to repeat: the same key takes the same value.
        await ctx.redis.set(ctx.key("descriptions", entity.id), result)
