"""Schedules for tests, made due without waiting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.store.database import reading
from app.store.planning import schedules
from app.store.tables.schedules import Schedule
from app.workflows.contract.cron import CatchUp
from app.workflows.contract.run_options import ScheduleOptions
from app.workflows.schedules.scheduler import LOOK_SECONDS, Scheduler
from tests.support.service import Sluice

NIGHTLY = "0 3 * * *"


def scheduler_of(sluice: Sluice, *, every: float = LOOK_SECONDS) -> Scheduler:
    """One that no worker runs: each pass is the test's."""
    service = sluice.service
    return Scheduler(service.database, service.engine, service.families, every)


async def scheduled(sluice: Sluice, expression: str = NIGHTLY, **values: Any) -> str:
    """The id of a new schedule. ``values``: as ``ScheduleAdmin`` takes them."""
    family = values.pop("family", None) or sluice.bound().name
    given = {
        "expression": expression,
        "tz": "UTC",
        "catch_up": CatchUp.ONE,
        "params": {},
        "options": ScheduleOptions(),
        **values,
    }
    made = await sluice.service.api.schedules.create(family, given, by="test")
    return made.id


async def look(sluice: Sluice, key: str) -> Schedule:
    async with reading(sluice.service.database) as connection:
        return await schedules.get(connection, key)


async def make_due(sluice: Sluice, key: str, ago: timedelta = timedelta(seconds=1)) -> datetime:
    """Its next fire time was so long ago. Returns that."""
    await sluice.sql(
        "UPDATE sluice.schedule SET next_at = now() - CAST(:ago AS interval) WHERE id = :id",
        ago=ago,
        id=key,
    )
    due = (await look(sluice, key)).next_at
    assert due is not None
    return due


async def runs_of(sluice: Sluice, key: str) -> list[str]:
    """Ids of the runs that it started, the oldest first."""
    rows = await sluice.sql(
        "SELECT run_id FROM sluice.run_event WHERE kind = 'created' AND data->>'schedule' = :id"
        " ORDER BY id",
        id=key,
    )
    return [row[0] for row in rows]


async def hourly(sluice: Sluice, after: timedelta = timedelta(minutes=30)) -> str:
    """An expression of which no other fire time comes while a test goes on: one of each minute has
    one amid every sixtieth test that takes a second.

    Args:
        after: from now, when it has one.
    """
    return f"{(await now_of(sluice) + after).minute} * * * *"


async def now_of(sluice: Sluice) -> datetime:
    """By the database's clock."""
    return (await sluice.sql("SELECT now()"))[0][0]  # type: ignore[no-any-return]  # of the row
