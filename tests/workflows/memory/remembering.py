"""A family that leaves it to Sluice what has a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Select
from sqlmodel import col, select

from app.workflows.family import (
    Backoff,
    Context,
    Entity,
    FamilyParams,
    JobFamily,
    Overlap,
    Remembered,
)
from tests.support.service import Sluice
from tests.support.users import User

Work = Callable[[str, Context], object]


class Params(FamilyParams):
    locale: str = "en"
    tone: str = "dry"


class Remembering(JobFamily[Params, str, str]):
    """Executes, and saves, by calling ``work`` and ``keep``."""

    name = "remembering"
    entity = Entity("user", "users")
    params = Params
    attempts = 2
    backoff = Backoff(initial=timedelta(milliseconds=10), longest=timedelta(milliseconds=20))
    existing = Remembered(within=timedelta(days=30), by=("locale",))

    def __init__(
        self, *, version: int = 1, work: Work | None = None, keep: Work | None = None
    ) -> None:
        self.version = version  # type: ignore[misc]  # of one object, as another deployment has it
        self.work = work
        self.keep = keep
        self.executed: Counter[str] = Counter()

    def eligible(self, params: Params) -> Select[str]:
        return select(User.id).where(col(User.active))

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: Params, ctx: Context) -> str:
        self.executed[entity] += 1
        if self.work is not None:
            outcome = self.work(entity, ctx)
            if hasattr(outcome, "__await__"):
                await outcome
        return f"result of {entity}"

    async def save(self, entity: str, result: str, params: Params, ctx: Context) -> None:
        if self.keep is not None:
            self.keep(entity, ctx)


class Beside(Remembering):
    """Any number of its runs may be under way."""

    overlap = Overlap.ALLOW


async def remembered(sluice: Sluice) -> list[tuple[str, int, str]]:
    """Each item with its version and the run that has ended it."""
    rows = await sluice.sql(
        "SELECT item_id, version, run_id FROM sluice.remembered ORDER BY item_id, params_key"
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def age(sluice: Sluice, days: float) -> None:
    """Let everything have been remembered so much longer ago."""
    await sluice.sql(
        "UPDATE sluice.remembered SET at = at - CAST(:age AS interval)", age=timedelta(days)
    )
