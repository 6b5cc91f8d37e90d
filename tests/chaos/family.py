"""The work that goes on while workers are killed, and the evidence that it leaves behind."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from datetime import timedelta

from sqlalchemy import Select, TextClause, text
from sqlmodel import select

from app.workflows.family import Backoff, Context, Entity, FamilyParams, Fatal, JobFamily, Skip
from tests.support.users import User

TABLES = (
    "CREATE TABLE chaos_execution (run_id text, item_id text, attempt int, pid int)",
    "CREATE TABLE chaos_result (run_id text, item_id text, tokens text)",
    """
    CREATE TABLE chaos_saved (
        run_id text, item_id text, times int NOT NULL DEFAULT 1, PRIMARY KEY (run_id, item_id)
    )
    """,
)
_EXECUTED = text("INSERT INTO chaos_execution VALUES (:run, :item, :attempt, :pid)")
_RESULT = text("INSERT INTO chaos_result VALUES (:run, :item, :tokens)")
_SAVED = text(
    "INSERT INTO chaos_saved (run_id, item_id) VALUES (:run, :item)"
    " ON CONFLICT (run_id, item_id) DO UPDATE SET times = chaos_saved.times + 1"
)


class Chaotic(JobFamily[FamilyParams, str, int]):
    """Some items fail, some are skipped, every tenth fails at its first attempt, and every fifth
    takes steps: two side by side, a sleep, for some of them a question, and a last one."""

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
        if number % 5 == 1:
            await self._steps(number, entity, ctx)
        if number % 97 == 0:
            raise Fatal("this one never works")
        if number % 89 == 0:
            raise Skip("nothing to do for this one")
        if number % 10 == 3 and ctx.attempt == 1:
            raise ConnectionError("not at the first attempt")
        return number

    async def _steps(self, number: int, entity: str, ctx: Context) -> None:
        """Each step makes a token that no other execution of it would make."""
        tokens = list(
            await asyncio.gather(
                ctx.run("left", self._token, attempts=3), ctx.run("right", self._token)
            )
        )
        await ctx.sleep("nap", timedelta(milliseconds=150))
        if number % 25 == 1:
            tokens.append(await ctx.suspend("answer", {"item": entity}))
        tokens.append(await ctx.run("last", self._token))
        await self._write(ctx, _RESULT, item=entity, tokens=" ".join(tokens))

    async def _token(self) -> str:
        await asyncio.sleep(random.uniform(0, self.longest / 2))  # noqa: S311
        return uuid.uuid4().hex

    async def save(self, entity: str, result: int, params: FamilyParams, ctx: Context) -> None:
        await self._write(ctx, _SAVED, item=entity)

    async def _write(self, ctx: Context, statement: TextClause, **values: object) -> None:
        async with ctx.services.database.begin() as tx:
            await tx.execute(statement, {"run": ctx.run_id, **values})
