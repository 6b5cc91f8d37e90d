"""The work that goes on while workers are killed, and the evidence that it leaves behind."""

from __future__ import annotations

import asyncio
import os
import random
from datetime import timedelta

from sqlalchemy import Select, TextClause, text
from sqlmodel import select

from app.store.tables import User
from app.workflows.family import (
    Backoff,
    Context,
    Entity,
    FamilyParams,
    Fatal,
    JobFamily,
    Skip,
)

TABLES = (
    "CREATE TABLE chaos_execution (run_id text, item_id text, attempt int, pid int)",
    """
    CREATE TABLE chaos_saved (
        run_id text, item_id text, times int NOT NULL DEFAULT 1, PRIMARY KEY (run_id, item_id)
    )
    """,
)
_EXECUTED = text("INSERT INTO chaos_execution VALUES (:run, :item, :attempt, :pid)")
_SAVED = text(
    "INSERT INTO chaos_saved (run_id, item_id) VALUES (:run, :item)"
    " ON CONFLICT (run_id, item_id) DO UPDATE SET times = chaos_saved.times + 1"
)


class Chaotic(JobFamily[FamilyParams, str, int]):
    """Some items fail, some are skipped, and every tenth fails at its first attempt."""

    name = "chaotic"
    entity = Entity("user", "users")
    backoff = Backoff(initial=timedelta(milliseconds=50), longest=timedelta(seconds=1))

    def __init__(self, longest: float = 0.1) -> None:
        self.longest = longest

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> int:
        await self._write(ctx, _EXECUTED, item=entity, attempt=ctx.attempt, pid=os.getpid())
        await asyncio.sleep(random.uniform(0, self.longest))  # noqa: S311 - how long it takes
        number = int(entity[1:])
        if number % 97 == 0:
            raise Fatal("this one never works")
        if number % 89 == 0:
            raise Skip("nothing to do for this one")
        if number % 10 == 3 and ctx.attempt == 1:
            raise ConnectionError("not at the first attempt")
        return number

    async def save(self, entity: str, result: int, params: FamilyParams, ctx: Context) -> None:
        await self._write(ctx, _SAVED, item=entity)

    async def _write(self, ctx: Context, statement: TextClause, **values: object) -> None:
        async with ctx.services.database.begin() as tx:
            await tx.execute(statement, {"run": ctx.run_id, **values})
