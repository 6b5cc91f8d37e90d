"""A family whose items write down when they began, and of which run they are."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select
from sqlmodel import select

from app.workflows.contract.run_options import options_of
from app.workflows.family import (
    Context,
    Entity,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
    Overlap,
)
from tests.support.patience import PATIENCE
from tests.support.service import Sluice
from tests.support.users import User


@dataclass(frozen=True)
class Start:
    at: float
    run_id: str


class Timed(JobFamily[FamilyParams, str, str]):
    """Work that takes so many seconds."""

    name = "timed"
    entity = Entity("user", "users")
    overlap = Overlap.ALLOW
    timeout = timedelta(minutes=5)

    def __init__(self, control: FlowControl, seconds: float, starts: list[Start]) -> None:
        self.flow = Flow(execute=control)  # type: ignore[misc]  # each instance has its own here
        self.seconds = seconds
        self.starts = starts

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        assert ctx.run_id is not None
        self.starts.append(Start(time.monotonic(), ctx.run_id))
        await asyncio.sleep(self.seconds)
        return entity


class OtherTimed(Timed):
    name = "other-timed"


async def begun(family: Timed, number: int, run_id: str) -> list[float]:
    """When these of the run's items began, once so many have."""
    async with asyncio.timeout(PATIENCE):
        while len(found := [one.at for one in family.starts if one.run_id == run_id]) < number:
            await asyncio.sleep(0.01)
    return found


async def start(sluice: Sluice, family: str, priority: int | None = None, **request: Any) -> str:
    bound = sluice.bound(family)
    options = options_of(bound.family, priority=priority)
    return await sluice.start(family, options=options, **request)
