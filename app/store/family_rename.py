"""What is kept under a family's name, taken along when the family gets another one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, delete, exists, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.notifications import targets
from app.store.tables.backfills import Backfill
from app.store.tables.events import EventStart
from app.store.tables.items import Memory
from app.store.tables.monitoring import Coverage
from app.store.tables.runs import Run
from app.store.tables.schedules import Schedule
from app.store.tables.service import FlowOverride, FlowPartitionOverride

# SQLModel adds the table, and its types do not say so.
_RUN = Run.__table__  # type: ignore[attr-defined]
_BACKFILL = Backfill.__table__  # type: ignore[attr-defined]
_SCHEDULE = Schedule.__table__  # type: ignore[attr-defined]
_COVERAGE = Coverage.__table__  # type: ignore[attr-defined]
_OVERRIDE = FlowOverride.__table__  # type: ignore[attr-defined]
_PIN = FlowPartitionOverride.__table__  # type: ignore[attr-defined]
_START = EventStart.__table__  # type: ignore[attr-defined]
_MEMORY = Memory.__table__  # type: ignore[attr-defined]
_LOCK = "sluice.rename"
_JOIN_STARTS = text("""
    UPDATE sluice.event_start AS one SET settled_at = now(), detail = 'The family was renamed.'
    WHERE one.family = :old AND one.settled_at IS NULL AND EXISTS (
        SELECT FROM sluice.event_start AS other
        WHERE other.family = :new AND other.event = one.event AND other.merge_key = one.merge_key
          AND other.item_id = one.item_id AND other.settled_at IS NULL
    )
""")
_JOIN_MEMORIES = text("""
    WITH gone AS (SELECT id, forgotten_at FROM sluice.memory WHERE family = :old),
         here AS (SELECT id FROM sluice.memory WHERE family = :new)
    UPDATE sluice.remembered AS one SET memory_id = here.id FROM gone, here
    WHERE one.memory_id = gone.id AND one.at > coalesce(gone.forgotten_at, '-infinity')
      AND NOT EXISTS (
          SELECT FROM sluice.remembered AS other
          WHERE other.memory_id = here.id AND other.item_id = one.item_id
            AND other.params_key = one.params_key
      )
""")


async def lock(tx: AsyncConnection) -> None:
    """Let one of several processes that start at once rename; the others then find it done."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_LOCK, 0))))


async def move(tx: AsyncConnection, old: str, new: str, *, schedule: tuple[str, str]) -> int:
    """Returns how many runs there were.

    Args:
        schedule: the id of the schedule that the family declared, and what it is now. Where there
            is one of the new name already, the old one goes.
    """
    moved = await tx.execute(update(_RUN).where(_RUN.c.family == old).values(family=new))
    await tx.execute(update(_BACKFILL).where(_BACKFILL.c.family == old).values(family=new))
    former, now = schedule
    if await tx.scalar(select(exists().where(_SCHEDULE.c.id == now))):
        await tx.execute(delete(_SCHEDULE).where(_SCHEDULE.c.id == former))
    await tx.execute(update(_SCHEDULE).where(_SCHEDULE.c.id == former).values(id=now, name=now))
    await tx.execute(update(_SCHEDULE).where(_SCHEDULE.c.family == old).values(family=new))
    await targets.rename_family(tx, old, new)
    await _move_starts(tx, old, new)
    await _move_unless_there(tx, _COVERAGE.c.family, old, new, _COVERAGE.c.day)
    await _move_memory(tx, old, new)
    return moved.rowcount


async def move_override(tx: AsyncConnection, old_key: str, new_key: str) -> None:
    """An operator's pin or pause of a flow key, and the pins of its partitions; those of the new
    key stay."""
    if await tx.scalar(select(exists().where(_OVERRIDE.c.key == new_key))):
        await tx.execute(delete(_OVERRIDE).where(_OVERRIDE.c.key == old_key))
    else:
        await tx.execute(update(_OVERRIDE).where(_OVERRIDE.c.key == old_key).values(key=new_key))
    await _move_unless_there(tx, _PIN.c.key, old_key, new_key, _PIN.c.partition)


async def _move_starts(tx: AsyncConnection, old: str, new: str) -> None:
    """What events have asked for. What the new name has been asked for too, meanwhile, it starts
    once; nobody adds to the old one's, or takes them, in between."""
    await tx.execute(text("LOCK TABLE sluice.event_start IN SHARE ROW EXCLUSIVE MODE"))
    await tx.execute(_JOIN_STARTS, {"old": old, "new": new})
    await tx.execute(update(_START).where(_START.c.family == old).values(family=new))


async def _move_memory(tx: AsyncConnection, old: str, new: str) -> None:
    """One row's, unless the new name has a memory already: then that keeps what it has, and gets
    the rest. The old one stays, empty, because a process of the old name may still write there."""
    if await tx.scalar(select(exists().where(_MEMORY.c.family == new))):
        await tx.execute(_JOIN_MEMORIES, {"old": old, "new": new})
    else:
        await tx.execute(update(_MEMORY).where(_MEMORY.c.family == old).values(family=new))


async def _move_unless_there(
    tx: AsyncConnection,
    name: Column[str],
    old: str,
    new: str,
    what: Column[Any],
) -> None:
    table = name.table
    of_new = select(what).where(name == new)
    await tx.execute(delete(table).where(name == old, what.in_(of_new)))
    await tx.execute(update(table).where(name == old).values({name: new}))
