"""Bringing the rows of families' own schedules up to what the code declares.

Done once, when a process starts, and never again: of an old and a new version that run side by side
while one takes the other's place, the one that started last is in force, and neither undoes what
the other did while both are up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.faults import sqlstate
from app.errors import ConfigurationError
from app.store.planning import schedules
from app.store.readiness import NO_TABLE
from app.store.runs.events import SLUICE
from app.store.statuses import Origin
from app.store.tables.schedules import Schedule
from app.workflows.keys import family_schedule
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.schedule_spec import declared_spec
from app.workflows.schedules.fire_times import next_fire
from app.workflows.serialization.params import KeptParams
from app.workflows.serialization.secret_box import SecretsLost

log = structlog.get_logger("sluice.schedule")

Declared = Mapping[str, Any]  # as scheduled.declared_by answers


async def sync_declared_schedules(
    database: AsyncEngine, families: Mapping[str, BoundFamily]
) -> None:
    """A pause stays, and so does what came of the last fire time. A schedule that the code has no
    more stays as a row that never fires. Those of families that are not ours are not touched: they
    may be of a version that is still to come up. It is logged, because nobody may be left to fire
    them.

    Raises:
        ConfigurationError: what a family declares cannot be used, or the table is not there.
    """
    declared = {name: declared_spec(bound.family, bound.params) for name, bound in families.items()}
    async with database.begin() as tx:
        await schedules.lock(tx)
        there = await _there(tx)
        now = await schedules.present(tx)
        for name in there.keys() - declared.keys():
            log.warning("schedule_orphaned", schedule=there[name].id, family=name)
        for name, wanted in declared.items():
            row = there.get(name)
            if wanted is None:
                if row is not None and row.declared:
                    await _withdraw(tx, row)
            elif row is None:
                await _add(tx, name, wanted, now)
            else:
                await _update(tx, row, _as_kept(families[name], row, wanted), now)


async def _there(tx: AsyncConnection) -> dict[str, Schedule]:
    try:
        return await schedules.of_code(tx)
    except ProgrammingError as error:
        if sqlstate(error) != NO_TABLE:
            raise
        raise ConfigurationError(
            "The database's tables are those of an earlier version. Bring them up to date with:"
            " sluice migrate"
        ) from error


async def _add(tx: AsyncConnection, family: str, wanted: Declared, now: datetime) -> None:
    key = family_schedule(family)
    row = Schedule(
        id=key, name=key, family=family, origin=Origin.CODE, created_by=SLUICE, changed_by=SLUICE,
        next_at=next_fire(wanted["expression"], wanted["tz"], now), **wanted,
    )  # fmt: skip
    await schedules.add(tx, row)
    log.info("schedule_declared", schedule=key, next_at=row.next_at)


async def _update(tx: AsyncConnection, row: Schedule, wanted: Declared, now: datetime) -> None:
    values = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if row.declared and not values:
        return
    if not row.paused and (not row.declared or values.keys() & {"expression", "tz"}):
        # Behind what has fired: the clock may have been set back since.
        after = max(now, row.last_fired_at or now)
        values["next_at"] = next_fire(wanted["expression"], wanted["tz"], after)
    await schedules.change(tx, row.id, {**values, "declared": True}, by=SLUICE)
    log.info("schedule_declared", schedule=row.id, changed=sorted(values))


def _as_kept(bound: BoundFamily, row: Schedule, wanted: Declared) -> Declared:
    """With the row's own encryption of the same secrets: another one would be no change."""
    former = KeptParams(row.params, row.sealed)
    try:
        same = bound.params.equal(former, KeptParams(wanted["params"], wanted["sealed"]))
    except SecretsLost:
        return wanted
    return {**wanted, "sealed": row.sealed} if same else wanted


async def _withdraw(tx: AsyncConnection, row: Schedule) -> None:
    await schedules.change(tx, row.id, {"declared": False, "next_at": None}, by=SLUICE)
    log.info("schedule_withdrawn", schedule=row.id)
