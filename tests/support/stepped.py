"""A family whose execute is a script of steps, and what tests ask about steps."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from app.store.database import reading
from app.store.statuses import ItemStatus
from app.store.steps import steps
from app.store.tables.items import Item
from app.store.tables.steps import Step
from app.workflows.family import Context, FamilyParams
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Sluice

Script = Callable[[str, Context], Awaitable[Any]]


class Stepped(Recording):
    """Executes by a script, whose result it keeps."""

    name = "stepped"
    attempts = 2

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.script = script
        self.results: dict[str, Any] = {}

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        self.executed[entity] += 1
        self.results[entity] = await self.script(entity, ctx)
        return f"result of {entity}"


class Calls:
    """Counts how often each function was really called."""

    def __init__(self) -> None:
        self.of: Counter[str] = Counter()

    async def note(self, what: str) -> str:
        self.of[what] += 1
        return what.upper()

    def plainly(self, what: str) -> str:
        self.of[what] += 1
        return what.upper()


async def remembered(sluice: Sluice, run_id: str, item_id: str = "u00001") -> list[Step]:
    async with reading(sluice.service.database) as connection:
        return await steps.of_item(connection, run_id, item_id)


async def items_at(
    sluice: Sluice, run_id: str, status: ItemStatus, *, within: float = PATIENCE
) -> list[Item]:
    """The run's items, once all of them stand at ``status``."""
    async with asyncio.timeout(within):
        while True:
            found = await sluice.items(run_id)
            if found and all(item.status == status for item in found):
                return found
            await asyncio.sleep(0.02)


async def steps_suspended(sluice: Sluice, number: int) -> None:
    """Return once so many steps, of whichever items, wait for an answer."""
    async with asyncio.timeout(PATIENCE):
        while (
            len(await sluice.sql("SELECT 1 FROM sluice.step WHERE status = 'suspended'")) < number
        ):
            await asyncio.sleep(0.02)


async def time_passes(sluice: Sluice, time: timedelta) -> None:
    """For the rows: as if so long ago had happened what has, and so much sooner were due what is.
    A test says so when it has seen how something waits, and no such wait is ever too short."""
    sooner = "due_at = due_at - CAST(:time AS interval)"
    for table, change in {
        "step": f"started_at = started_at - CAST(:time AS interval), {sooner}",
        "item": sooner,
        "message": f"{sooner} WHERE worker IS NULL",
    }.items():
        await sluice.sql(f"UPDATE sluice.{table} SET {change}", time=time)  # noqa: S608 - of ours
