"""Families that show what the console shows: one that goes well, one that fails, one that asks a
person, one that is cut by day, one that paints, and one whose item is at work until another comes.
They need none of the examples."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select
from sqlmodel import col, select

from app.services.file_store import FileStore
from app.workflows.family import (
    Context,
    Daily,
    Entity,
    FamilyParams,
    Fatal,
    Flow,
    FlowControl,
    JobFamily,
    Overlap,
    Throttle,
)
from tests.support.users import User

USERS = 120
"""With the ids ``u00001`` and so on; every tenth pays."""
SIDE = 128
"""Of a picture, in pixels."""
DECLINED = "The card was declined."
ADDRESS = "There is no address."
ILL = "ill"
"""In Redis: why no greeting may begin."""


class Greeting(FamilyParams):
    tone: Literal["warm", "plain"] = "warm"
    paid_only: bool = Field(False, description="Only those who pay.")


async def post_is_open(ctx: Context) -> str | None:
    """What a test has written down."""
    told = await ctx.redis.get(ctx.key(ILL))
    return told.decode() if isinstance(told, bytes) else told


class Greetings(JobFamily[Greeting, str, str]):
    """Greet every user who was not greeted yet."""

    name = "greeting"
    entity = Entity("user", "users")
    verb = "greet"
    params = Greeting
    flow = Flow(execute=FlowControl(parallelism=10, rate=100))
    throttle = (
        Throttle(post_is_open, backoff=timedelta(seconds=0.5), every=timedelta(seconds=0.5)),
    )

    def eligible(self, params: Greeting) -> Select[str]:
        query = select(User.id).where(col(User.active))
        return query.where(col(User.paid)) if params.paid_only else query

    async def existing(self, ids: Sequence[str], params: Greeting, ctx: Context) -> set[str]:
        kept = await ctx.redis.mget([ctx.key(self.name, user_id) for user_id in ids])
        return {user_id for user_id, text in zip(ids, kept, strict=True) if text is not None}

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: Greeting, ctx: Context) -> str:
        await asyncio.sleep(0.02)
        return f"A {params.tone} greeting to {entity}"

    async def save(self, entity: str, result: str, params: Greeting, ctx: Context) -> None:
        # Safe to repeat: the same key takes the same value.
        await ctx.redis.set(ctx.key(self.name, entity), result)


class Bill(FamilyParams):
    number: int = Field(0, description="Of the first one.")


class Bills(JobFamily[Bill, str, str]):
    """Send forty bills: of ten users one has a card that is declined at first, one no address."""

    name = "billing"
    entity = Entity("user", "users")
    verb = "bill"
    params = Bill
    attempts = 1
    flow = Flow(execute=FlowControl(parallelism=10, rate=200))

    def eligible(self, params: Bill) -> Select[str]:
        return select(User.id).where(col(User.id) <= "u00040")

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: Bill, ctx: Context) -> str:
        if entity.endswith("7"):
            raise Fatal(ADDRESS)
        tried = ctx.key(self.name, "tried", entity)
        if entity.endswith("3") and await ctx.redis.set(tried, "1", nx=True):
            raise ValueError(DECLINED)
        return f"The bill of {entity}"


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    approved: bool = Field(description="Yes sends the letter.")
    note: str = Field("", max_length=200, description="Why, for whoever looks later.")


class Letters(JobFamily[FamilyParams, str, str]):
    """Write a letter, ask a person, and send it when that person says yes."""

    name = "letter"
    entity = Entity("user", "users")
    verb = "write"

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id).where(col(User.id) <= "u00003")

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        text = f"Dear {entity}, this is a letter."
        decision = await ctx.suspend("approve", {"letter": text}, resume=Decision)
        if decision is None or not decision.approved:
            raise Fatal("The letter was refused.")
        return f"sent, because: {decision.note}"


class Visits(JobFamily[FamilyParams, str, str]):
    """Visit a user, and stay there until another one is to be visited."""

    name = "visit"
    entity = Entity("user", "users")
    overlap = Overlap.ALLOW

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id).where(col(User.id) <= "u00002")

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        calls = ctx.key(self.name, "another calls")
        if entity == "u00002":
            await ctx.redis.set(calls, "1")
        else:
            await ctx.run("stay", self._stay, calls, ctx)
        return f"visited {entity}"

    async def _stay(self, calls: str, ctx: Context) -> None:
        while not await ctx.redis.getdel(calls):
            await asyncio.sleep(0.02)


class Day(FamilyParams):
    day: date | None = None


class Reports(JobFamily[Day, str, str]):
    """Report to two users on each day."""

    name = "report"
    entity = Entity("user", "users")
    verb = "report"
    params = Day
    partitions = Daily()

    def eligible(self, params: Day) -> Select[str]:
        return select(User.id).where(col(User.id) <= "u00002")

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: Day, ctx: Context) -> str:
        return f"The report of {params.day} to {entity}"


class Picture(BaseModel):
    model_config = ConfigDict(frozen=True)

    file: str
    width: int
    height: int


class Cards(JobFamily[FamilyParams, str, list[Picture]]):
    """Paint two pictures side by side for three users."""

    name = "card"
    entity = Entity("user", "users")
    verb = "paint"

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id).where(col(User.id) <= "u00003")

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> list[Picture]:
        prompt = await ctx.run("prompt", self._prompt, entity)
        sides = [ctx.run(side, self._paint, f"{prompt}, {side}", ctx) for side in ("front", "back")]
        return list(await asyncio.gather(*sides))

    async def _prompt(self, user_id: str) -> str:
        return f"a card for {user_id}"

    async def _paint(self, prompt: str, ctx: Context) -> Picture:
        digest = sha256(prompt.encode()).hexdigest()
        painted = BytesIO()
        Image.new("RGB", (SIDE, SIDE), f"#{digest[:6]}").save(painted, "PNG")
        file = f"{self.name}/{digest[:16]}.png"
        await ctx.service(FileStore).save(file, painted.getvalue())
        return Picture(file=file, width=SIDE, height=SIDE)
