"""What tests of run control do and ask all the time."""

from __future__ import annotations

import asyncio
from typing import Any

from app.config.priorities import ORDINARY
from app.store.tables.runs import Run
from app.workflows.contract.run_options import RunOptions, options_of
from app.workflows.family import Context
from app.workflows.messages import executions
from tests.support.families import Recording, Work
from tests.support.patience import PATIENCE
from tests.support.service import Sluice


async def control(sluice: Sluice, action: str, run_id: str) -> str:
    """Pause, resume or cancel; answers the status afterwards."""
    method = getattr(sluice.service.api.control, action)
    return str((await method(run_id, by="ops")).status)


async def kinds(sluice: Sluice, run_id: str) -> list[str]:
    """The run's events, each with its reason where it has one."""
    rows = await sluice.sql(
        "SELECT kind || coalesce(':' || reason, '') FROM sluice.run_event WHERE run_id = :id"
        " ORDER BY id",
        id=run_id,
    )
    return [row[0] for row in rows]


async def lone_item(sluice: Sluice) -> str:
    """A run of ``recording`` that goes, whose one item ``u00001`` has a message that waits."""
    await sluice.add_users(1)
    run_id = await sluice.start()
    await sluice.sql("DELETE FROM sluice.message")
    await sluice.sql("UPDATE sluice.run SET status = 'running', paged = true, scheduled = 1")
    await sluice.sql("INSERT INTO sluice.item VALUES (:run, 'u00001', 'pending')", run=run_id)
    await sluice.publish(*executions("recording", run_id, ["u00001"], 1, ORDINARY))
    return run_id


async def until_some(family: Recording, number: int = 3) -> None:
    """So many items have been begun."""
    async with asyncio.timeout(PATIENCE):
        while sum(family.executed.values()) < number:
            await asyncio.sleep(0.01)


async def paused(sluice: Sluice, run_id: str, *, within: float = PATIENCE) -> Run:
    """The run once it is paused, and nothing of it is in hand."""
    async with asyncio.timeout(within):
        while (await sluice.run(run_id)).status != "paused" or await sluice.queued():
            await asyncio.sleep(0.02)
    return await sluice.run(run_id)


class Asked(Recording):
    """Fails, skips or spends as the test says, and carries the options of its runs."""

    attempts = 1

    def __init__(self, work: Work, **asked: Any) -> None:  # as RunOptions takes them
        super().__init__(work)
        self.options: RunOptions = options_of(self, **asked)


async def start(sluice: Sluice, family: Asked) -> str:
    return await sluice.start(options=family.options)


def fail(item_id: str, ctx: Context) -> None:
    raise ValueError(f"no luck with {item_id}")
