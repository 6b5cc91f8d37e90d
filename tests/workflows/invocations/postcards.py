"""Families that take an entity from their caller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from pydantic import Field, SecretStr
from sqlalchemy import Select
from sqlmodel import select

from app.workflows.family import (
    Backoff,
    Context,
    Entity,
    FamilyEntity,
    FamilyParams,
    JobFamily,
)
from tests.support.families import Work
from tests.support.users import User


class Postcard(FamilyEntity):
    to_whom: str = Field(min_length=1, max_length=200)
    copies: int = Field(1, ge=1, le=5, strict=True)
    lines: list[str] = Field(default_factory=list)
    secret: SecretStr | None = None


class Style(FamilyParams):
    tone: str = "kind"
    token: SecretStr | None = None


class Postcards(JobFamily[Style, Postcard, str]):
    """Writes by calling ``work``, with the name on the card. ``asked``: what was asked of it that
    is not for an entity of the caller's."""

    name = "postcard"
    entity = Entity("user", "users")
    verb = "write"
    params = Style
    invokes = Postcard
    attempts = 3
    backoff = Backoff(initial=timedelta(milliseconds=10), longest=timedelta(milliseconds=50))

    def __init__(self, work: Work | None = None) -> None:
        self.work = work
        self.executed: list[Postcard] = []
        self.saved: Counter[str] = Counter()
        self.asked: list[str] = []

    def eligible(self, params: Style) -> Select[str]:
        return select(User.id)

    async def existing(self, ids: Sequence[str], params: Style, ctx: Context) -> set[str]:
        self.asked.append("existing")
        return set(ids)

    async def load(self, item_id: str, ctx: Context) -> Postcard | None:
        self.asked.append("load")
        return Postcard(to_whom=item_id)

    async def execute(self, entity: Postcard, params: Style, ctx: Context) -> str:
        self.executed.append(entity.model_copy(deep=True))
        entity.lines.append("which no other attempt sees")
        if self.work is not None:
            outcome = self.work(entity.to_whom, ctx)
            if hasattr(outcome, "__await__"):
                await outcome
        return f"{params.tone} words to {entity.to_whom}, {entity.copies} times"

    async def save(self, entity: Postcard, result: str, params: Style, ctx: Context) -> None:
        self.saved[str(ctx.item_id)] += 1


class Kept(Postcards):
    """Keeps what callers asked for, too."""

    def __init__(self, work: Work | None = None) -> None:
        super().__init__(work)
        self.kept: dict[str, str] = {}

    async def save_invoked(
        self, entity: Postcard, result: str, params: Style, ctx: Context
    ) -> None:
        self.kept[str(ctx.item_id)] = result
