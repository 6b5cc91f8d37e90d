"""Items that are at work until the test ends them, so that what begins then is judged by its order,
however quick the machine is."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field
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

WORKER: ContextVar[int] = ContextVar("WORKER", default=0)
"""Which of the test's workers has the item: set around it, and handed down to all of its tasks."""


@dataclass(frozen=True)
class Start:
    run_id: str
    worker: int


@dataclass
class Starts:
    """``order``: items as they began. ``at_work``: those that have not ended, each with its
    worker."""

    order: list[Start] = field(default_factory=list)
    at_work: list[tuple[int, asyncio.Event]] = field(default_factory=list)

    def of(self, run_id: str) -> int:
        return sum(one.run_id == run_id for one in self.order)

    async def begun(self, run_id: str, number: int) -> None:
        """Return once so many items of the run have."""
        async with asyncio.timeout(PATIENCE):
            while self.of(run_id) < number:
                await asyncio.sleep(0.001)

    def end(self, worker: int | None = None) -> None:
        """End the one that began first: of all, or in this worker."""
        place = next(n for n, (of, _) in enumerate(self.at_work) if worker in (of, None))
        _, ended = self.at_work.pop(place)
        ended.set()

    async def end_one(self, worker: int | None = None) -> Start:
        """Returns the one that begins in its place."""
        before = len(self.order)
        self.end(worker)
        async with asyncio.timeout(PATIENCE):
            while len(self.order) == before:
                await asyncio.sleep(0.001)
        return self.order[before]


class Held(JobFamily[FamilyParams, str, str]):
    """``ends``: its items end by themselves, at once."""

    name = "held"
    entity = Entity("user", "users")
    overlap = Overlap.ALLOW
    timeout = timedelta(minutes=5)
    chunk_size = 2  # few of the places of a small worker

    def __init__(self, control: FlowControl, starts: Starts, *, ends: bool = False) -> None:
        self.flow = Flow(execute=control)  # type: ignore[misc]  # each instance has its own here
        self.starts = starts
        self.ends = ends

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        assert ctx.run_id is not None
        self.starts.order.append(Start(ctx.run_id, WORKER.get()))
        if not self.ends:
            ended = asyncio.Event()
            self.starts.at_work.append((WORKER.get(), ended))
            await ended.wait()
        return entity


class OtherHeld(Held):
    name = "other-held"


async def start(sluice: Sluice, family: str, priority: int | None = None, **request: Any) -> str:
    bound = sluice.bound(family)
    options = options_of(bound.family, priority=priority)
    return await sluice.start(family, options=options, **request)


async def waiting(sluice: Sluice, starts: Starts, run_id: str) -> int:
    """Items of the run that some worker has taken in hand, and that have not begun."""
    [(taken,)] = await sluice.sql(
        "SELECT count(*) FROM sluice.item"
        " WHERE run_id = :run AND (claim IS NOT NULL OR status <> 'pending')",
        run=run_id,
    )
    return int(taken) - starts.of(run_id)


async def until_waiting(sluice: Sluice, starts: Starts, run_id: str, least: int) -> None:
    """Return once so many of its items wait in some worker's hands."""
    async with asyncio.timeout(PATIENCE):
        while await waiting(sluice, starts, run_id) < least:
            await asyncio.sleep(0.005)
