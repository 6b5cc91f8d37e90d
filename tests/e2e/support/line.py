"""Families in a line: reading meters, then billing what was read; and a digest, which the finish of
the first starts."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Select
from sqlmodel import col, select

from app.workflows.family import After, Context, Entity, Event, FamilyParams, FinishedRun, JobFamily
from tests.support.users import User


class ReadingDay(FamilyParams):
    day: date = date(2026, 1, 1)


class _OfTwoUsers(JobFamily[ReadingDay, str, str]):
    entity = Entity("user", "users")
    params = ReadingDay

    def eligible(self, params: ReadingDay) -> Select[str]:
        return select(User.id).where(col(User.id) <= "u00002")

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: ReadingDay, ctx: Context) -> str:
        return f"{entity} on {params.day}"


class Readings(_OfTwoUsers):
    """Read the meter of two users."""

    name = "reading"
    on = (Event("meter/replaced", item="user.id"),)

    async def finish(self, run: FinishedRun[str], ctx: Context) -> int:
        await ctx.start("digest", "digest")
        return run.succeeded


class Tariffs(_OfTwoUsers):
    """Bill what was read."""

    name = "tariff"
    after = After("reading", params=("day",))


class Digests(_OfTwoUsers):
    """Tell of it."""

    name = "digest"
