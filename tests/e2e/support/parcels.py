"""A family whose items belong to tenants, one of which has most of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, case
from sqlmodel import col, select

from app.workflows.family import (
    Context,
    Entity,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
    RetryAfter,
)
from tests.support.users import User

PARCELS = 40
BIG = "Acme"
OF_BIG = 30
GO, BUSY = "go", "busy"
"""In Redis: parcels may be sent; and the next one is told to come again in an hour."""
ASKS = "The depot asks for no parcel."


class Parcels(JobFamily[FamilyParams, str, str]):
    """Send forty parcels, most of them of one tenant."""

    name = "parcel"
    entity = Entity("user", "users")
    verb = "send"
    flow = Flow(execute=FlowControl(parallelism=20, per_partition=2))

    def eligible(self, params: FamilyParams) -> Select[Any, Any]:
        tenant = case((col(User.id) <= f"u{OF_BIG:05}", BIG), else_=col(User.name))
        return select(col(User.id), tenant).where(col(User.id) <= f"u{PARCELS:05}")

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        while not await ctx.redis.exists(ctx.key(self.name, GO)):
            await asyncio.sleep(0.02)
        if await ctx.redis.getdel(ctx.key(self.name, BUSY)):
            raise RetryAfter(timedelta(hours=1), ASKS, hold=True)
        return f"The parcel of {entity}"
