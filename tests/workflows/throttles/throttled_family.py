"""A family that waits for what stands in Redis, and writes down when each item began."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

from app.workflows.family import Context, FamilyParams, Flow, FlowControl, Throttle
from tests.support.families import Recording, Work
from tests.support.patience import PATIENCE
from tests.support.service import Sluice

SICK = "sick"
SOON = timedelta(seconds=0.3)


class Throttled(Recording):
    """``asked``: when its check was."""

    def __init__(
        self,
        work: Work | None = None,
        *,
        name: str = "recording",
        control: FlowControl | None = None,
        item_seconds: float = 0.0,
        backoff: timedelta = SOON,
        every: timedelta = SOON,
    ) -> None:
        super().__init__(work)
        self.name = name  # type: ignore[misc]  # a class's, and here of one object
        self.flow = Flow(execute=control or FlowControl())  # type: ignore[misc]
        self.throttle = [Throttle(self.check, backoff=backoff, every=every)]  # type: ignore[misc]
        self.item_seconds = item_seconds
        self.looks: list[float] = []
        self.began: list[float] = []

    async def check(self, ctx: Context) -> str | None:
        self.looks.append(time.monotonic())
        told = await ctx.redis.get(ctx.key(SICK, self.name))
        return told.decode() if isinstance(told, bytes) else told

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        self.began.append(time.monotonic())
        await asyncio.sleep(self.item_seconds)
        return await super().execute(entity, params, ctx)

    async def until_looked(self, more: int = 2) -> None:
        """So many looks more have begun."""
        number = len(self.looks) + more
        async with asyncio.timeout(PATIENCE):
            while len(self.looks) < number:
                await asyncio.sleep(0.01)

    async def until_begun(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.began) < number:
                await asyncio.sleep(0.01)


async def say(sluice: Sluice, why: str | None, *, of: str = "recording") -> None:
    """What the check says from now on."""
    key = f"{sluice.service.settings.redis_prefix}:{SICK}:{of}"
    redis = sluice.service.redis
    await (redis.delete(key) if why is None else redis.set(key, why))


async def until_held(sluice: Sluice, *families: str, held: bool = True) -> None:
    """Every process here knows it."""
    holds = sluice.service.controls.holds
    async with asyncio.timeout(PATIENCE):
        while any((holds.of(f"{name}.execute") is not None) is not held for name in families):
            await asyncio.sleep(0.01)


async def holds_of(sluice: Sluice) -> Sequence[tuple[str, str]]:
    """Family and reason, as the database has them."""
    rows = await sluice.sql("SELECT key, reason FROM sluice.flow_hold WHERE until > now()")
    return [(row[0], row[1]) for row in rows]
