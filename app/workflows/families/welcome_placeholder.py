"""Welcome placeholders: the lines that an empty chat box suggests to a user."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.models.user import User, WelcomePlaceholder
from app.services.llm.placeholders import Person
from app.services.llm.writer import TextWriter
from app.workflows.family import (
    Context,
    Entity,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
)

CACHED_FOR = timedelta(days=30)


class Params(FamilyParams):
    paid_only: bool = False


class WelcomePlaceholders(JobFamily[Params, User, list[str]]):
    """Write welcome placeholders for every active user who has none."""

    name = "welcome-placeholder"
    entity = Entity("user", "users")
    verb = "generate"
    params = Params
    flow = Flow(
        process=FlowControl(parallelism=1, rate=10),
        paginate=FlowControl(parallelism=4, rate=50),
        execute=FlowControl(parallelism=10, rate=100),
    )

    def eligible(self, params: Params) -> Select[str]:
        query = select(User.id).where(col(User.active))
        return query.where(col(User.paid)) if params.paid_only else query

    async def existing(self, ids: Sequence[str], params: Params, ctx: Context) -> set[str]:
        cached = await ctx.redis.mget([self._key(user_id, ctx) for user_id in ids])
        return {user_id for user_id, lines in zip(ids, cached, strict=True) if lines is not None}

    async def load(self, item_id: str, ctx: Context) -> User | None:
        async with ctx.session() as session:
            return await session.get(User, item_id)

    async def execute(self, entity: User, params: Params, ctx: Context) -> list[str]:
        person = Person(entity.name, entity.locale, tuple(entity.interests))
        return await ctx.service(TextWriter).placeholders(
            person, spent=lambda tokens: ctx.spend(tokens=tokens)
        )

    async def save(self, entity: User, result: list[str], params: Params, ctx: Context) -> None:
        # Safe to repeat: both writes put the same thing in the same place. The table comes first,
        # because what Redis holds is what `existing` takes for done.
        row = {
            "user_id": entity.id,
            "lines": result,
            "writer": ctx.service(TextWriter).name,
        }
        async with ctx.session() as session:
            await session.exec(
                insert(WelcomePlaceholder)
                .values(row)
                .on_conflict_do_update(index_elements=["user_id"], set_=row)
            )
            await session.commit()
        await ctx.redis.set(self._key(entity.id, ctx), json.dumps(result), ex=CACHED_FOR)

    async def stored(self, item_id: str, params: Params, ctx: Context) -> list[str] | None:
        async with ctx.session() as session:
            kept = await session.get(WelcomePlaceholder, item_id)
        return None if kept is None else kept.lines

    def _key(self, user_id: str, ctx: Context) -> str:
        return ctx.key(self.name, user_id)
