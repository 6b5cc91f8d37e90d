"""A family that does everything of which there are spans."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

from sqlalchemy import Select, text
from sqlmodel import select

from app.workflows.family import (
    Backoff,
    Context,
    Entity,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
)
from tests.support.users import User

ECHO = "TESTS_ECHO_URL"
"""Where the address is that is called."""


class Traced(JobFamily[FamilyParams, str, str]):
    """Of the users whose id ends with 1 the first attempt fails."""

    name = "traced"
    entity = Entity("user", "users")
    attempts = 2
    backoff = Backoff(initial=timedelta(milliseconds=10), longest=timedelta(milliseconds=20))
    flow = Flow(execute=FlowControl(parallelism=4))
    page_size = 5
    chunk_size = 2

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)

    async def load(self, item_id: str, ctx: Context) -> str:
        async with ctx.services.database.connect() as connection:
            asked = text("SELECT name FROM tests.users WHERE id = :id")
            return str((await connection.execute(asked, {"id": item_id})).scalar_one())

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        ctx.log.warning("item_at_work")
        written = await ctx.run("write", self.write, entity)
        await ctx.call("tell", "POST", f"{os.environ[ECHO]}/told?key=hidden-in-the-query")
        if entity.endswith("1") and ctx.attempt == 1:
            raise ValueError("not yet")
        return str(written)

    async def write(self, entity: str) -> str:
        await asyncio.sleep(0.02)
        return f"Dear {entity}"

    async def save(self, entity: str, result: str, params: FamilyParams, ctx: Context) -> None: ...
