"""A family of which a sample shows everything that may become of an item."""

from __future__ import annotations

import asyncio

from sqlalchemy import Select
from sqlmodel import col, select

from app.workflows.family import (
    Context,
    Entity,
    FamilyParams,
    Fatal,
    Flow,
    FlowControl,
    JobFamily,
    Skip,
)
from tests.support.users import User

OFFERED = 50


class Offers(JobFamily[FamilyParams, str, str]):
    """Offer something to fifty users; what it comes to is told by the last digit of the id."""

    name = "offer"
    entity = Entity("user", "users")
    verb = "offer"
    flow = Flow(execute=FlowControl(parallelism=5, rate=200))

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id).where(col(User.id) <= f"u{OFFERED:05}")

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        ctx.spend(usd=0.02, tokens=10)
        await asyncio.sleep(0.02)
        match entity[-1]:
            case "3":
                raise Fatal(f"There is no address of {entity}.")
            case "4":
                raise Skip(f"{entity} wants nothing.")
            case "5":
                await ctx.suspend("approve", {"offer": "A tenth less"})
        return f"An offer to {entity}"

    async def stored(self, item_id: str, params: FamilyParams, ctx: Context) -> str | None:
        return {"6": f"An offer to {item_id}", "7": "A former offer"}.get(item_id[-1])
