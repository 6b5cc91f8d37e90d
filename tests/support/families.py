"""Families for tests. They work on the user table and remember what was asked of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Select
from sqlmodel import col, select

from app.workflows.contract.cron import Overlap
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

Work = Callable[[str, Context], object]


class Recording(JobFamily[FamilyParams, str, str]):
    """Executes by calling ``work``; keeps results in memory, as Redis or a table would."""

    name = "recording"
    entity = Entity("user", "users")
    verb = "record"
    attempts = 3
    backoff = Backoff(initial=timedelta(milliseconds=10), longest=timedelta(milliseconds=50))

    def __init__(self, work: Work | None = None) -> None:
        self.work = work
        self.executed: Counter[str] = Counter()
        self.saved: Counter[str] = Counter()
        self.asked: list[Sequence[str]] = []
        self.done: set[str] = set()

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id).where(col(User.active))

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        self.asked.append(ids)
        return self.done.intersection(ids)

    async def load(self, item_id: str, ctx: Context) -> str | None:
        async with ctx.session() as session:
            user = await session.get(User, item_id)
        return None if user is None else user.id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        self.executed[entity] += 1
        if self.work is not None:
            outcome = self.work(entity, ctx)
            if hasattr(outcome, "__await__"):
                await outcome
        return f"result of {entity}"

    async def save(self, entity: str, result: str, params: FamilyParams, ctx: Context) -> None:
        self.saved[entity] += 1
        self.done.add(entity)


class AtOnce(Recording):
    """At most three items at work. ``inside``: how many are, ``most`` of all times, runs, previews
    and samples together; ``previewed``: how many of all were not for a run."""

    flow = Flow(execute=FlowControl(parallelism=3))

    def __init__(self) -> None:
        super().__init__(self._work)
        self.inside = self.most = self.previewed = 0

    async def _work(self, _item: str, ctx: Context) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.previewed += ctx.preview
        await asyncio.sleep(0.02)
        self.inside -= 1


class Beside(Recording):
    """Any number of its runs may be under way."""

    overlap = Overlap.ALLOW


class PaidOnly(FamilyParams):
    paid_only: bool = False


class Welcoming(JobFamily[PaidOnly, User, list[str]]):
    """The family by which the documentation explains things, as far as it is seen from outside: a
    service may have left out the template's own."""

    name = "welcome-placeholder"
    entity = Entity("user", "users")
    verb = "generate"
    params = PaidOnly
    flow = Flow(execute=FlowControl(parallelism=10, rate=100))

    def eligible(self, params: PaidOnly) -> Select[str]:
        query = select(User.id).where(col(User.active))
        return query.where(col(User.paid)) if params.paid_only else query

    async def existing(self, ids: Sequence[str], params: PaidOnly, ctx: Context) -> set[str]:
        kept = await ctx.redis.mget([ctx.key(self.name, user_id) for user_id in ids])
        return {user_id for user_id, lines in zip(ids, kept, strict=True) if lines is not None}

    async def load(self, item_id: str, ctx: Context) -> User | None:
        async with ctx.session() as session:
            return await session.get(User, item_id)

    async def execute(self, entity: User, params: PaidOnly, ctx: Context) -> list[str]:
        return [f"Welcome, {entity.name}"]
