"""A family of which there is something to count."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import Select
from sqlmodel import select

from app.workflows.family import (
    Backoff,
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


class Counted(JobFamily[FamilyParams, str, str]):
    """Of the users whose id ends with 1 the first attempt fails, with 2 every one, and those with 3
    are skipped."""

    name = "counted"
    entity = Entity("user", "users")
    attempts = 2
    backoff = Backoff(initial=timedelta(milliseconds=10), longest=timedelta(milliseconds=20))
    flow = Flow(execute=FlowControl(parallelism=8))

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        await asyncio.sleep(0.02)
        if entity.endswith("1") and ctx.attempt == 1:
            raise ValueError("not yet")
        if entity.endswith("2"):
            raise Fatal("never")
        if entity.endswith("3"):
            raise Skip("not this one")
        return entity

    async def save(self, entity: str, result: str, params: FamilyParams, ctx: Context) -> None:
        await asyncio.sleep(0.001)
