"""The rows of schedules: found, changed, and taken when they are due."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound
from app.redaction.redactor import redacted
from app.store.statuses import FireResult, Origin
from app.store.storable import storable
from app.store.tables.schedules import Schedule

_TABLE = Schedule.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('sluice.schedules', 0))")


async def lock(tx: AsyncConnection) -> None:
    """Let nobody else make, rename or declare a schedule until the end of ``tx``."""
    await tx.execute(_LOCK)


async def present(tx: AsyncConnection) -> datetime:
    """The present time by the database's clock, because those of workers differ."""
    now: datetime = (await tx.scalars(select(func.now()))).one()
    return now


async def get(tx: AsyncConnection, schedule_id: str, *, for_update: bool = False) -> Schedule:
    """
    Args:
        for_update: until the end of ``tx`` nobody else changes it, or fires it.

    Raises:
        NotFound: there is none with this id.
    """
    query = select(_TABLE).where(_TABLE.c.id == schedule_id)
    row = (await tx.execute(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(
            f"There is no schedule {schedule_id!r}. GET /api/schedules lists them.",
            field="scheduleId",
        )
    return _schedule(row)


async def named(tx: AsyncConnection, name: str) -> str | None:
    """The id of the schedule that has this name."""
    found: str | None = await tx.scalar(select(_TABLE.c.id).where(_TABLE.c.name == name))
    return found


async def of_code(tx: AsyncConnection) -> dict[str, Schedule]:
    """The declared schedules by family. Nobody changes them, or fires them, until the end of
    ``tx``."""
    query = select(_TABLE).where(_TABLE.c.origin == Origin.CODE).order_by(_TABLE.c.id)
    return {row.family: _schedule(row) for row in await tx.execute(query.with_for_update())}


async def count(tx: AsyncConnection) -> int:
    return int(await tx.scalar(select(func.count()).select_from(_TABLE)) or 0)


async def page(
    tx: AsyncConnection, *, family: str | None, after_id: str | None, limit: int
) -> list[Schedule]:
    """A page of schedules: those of the code first, then the oldest first."""
    query = select(_TABLE).order_by(_TABLE.c.id).limit(limit)
    if family is not None:
        query = query.where(_TABLE.c.family == family)
    if after_id is not None:
        query = query.where(_TABLE.c.id > after_id)
    return [_schedule(row) for row in await tx.execute(query)]


async def next_by_family(tx: AsyncConnection) -> dict[str, datetime]:
    """When each family starts by the clock next; one that does not is left out."""
    query = select(_TABLE.c.family, func.min(_TABLE.c.next_at)).group_by(_TABLE.c.family)
    rows = await tx.execute(query.where(_TABLE.c.next_at.is_not(None)))
    return {row[0]: row[1] for row in rows}


async def add(tx: AsyncConnection, schedule: Schedule) -> None:
    await tx.execute(
        insert(_TABLE).values(schedule.model_dump(exclude={"created_at", "changed_at"}))
    )


async def change(
    tx: AsyncConnection, schedule_id: str, values: Mapping[str, object], *, by: str
) -> None:
    await tx.execute(
        update(_TABLE)
        .where(_TABLE.c.id == schedule_id)
        .values(**values, changed_by=by, changed_at=func.now())
    )


async def remove(tx: AsyncConnection, schedule_id: str) -> None:
    await tx.execute(delete(_TABLE).where(_TABLE.c.id == schedule_id))


async def take_due(
    tx: AsyncConnection, families: Collection[str], passed_over: Collection[str]
) -> Schedule | None:
    """The one that has been due for longest, if nobody else has it; it is ours until the end of
    ``tx``. None: there is none.

    Args:
        families: those of others are left to workers that have them.
        passed_over: ids that are left out.
    """
    row = await tx.execute(
        select(_TABLE)
        .where(
            _TABLE.c.next_at <= func.now(),
            _TABLE.c.family.in_(families),
            _TABLE.c.id.not_in(passed_over),
        )
        .order_by(_TABLE.c.next_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = row.one_or_none()
    return None if found is None else _schedule(found)


async def seconds_to_next(
    tx: AsyncConnection, families: Collection[str], passed_over: Collection[str] = ()
) -> float | None:
    """Below 0: one is due. None: there is none at all.

    Args:
        passed_over: ids that are left out.
    """
    query = select(func.extract("epoch", func.min(_TABLE.c.next_at) - func.now()))
    seconds = await tx.scalar(
        query.where(_TABLE.c.family.in_(families), _TABLE.c.id.not_in(passed_over))
    )
    return None if seconds is None else float(seconds)


@dataclass(frozen=True, slots=True)
class FireOutcome:
    """What came of a fire time. ``run_id``: None where it started nothing."""

    result: FireResult
    detail: str | None = None
    run_id: str | None = None


async def advance(
    tx: AsyncConnection,
    schedule_id: str,
    fired_at: datetime,
    next_at: datetime | None,
    fired: FireOutcome,
) -> None:
    values: dict[str, object] = {
        "next_at": next_at,
        "last_fired_at": fired_at,
        "last_result": fired.result,
        "last_detail": storable(redacted(fired.detail)),
    }
    if fired.run_id is not None:
        values["last_run_id"] = fired.run_id
    await tx.execute(update(_TABLE).where(_TABLE.c.id == schedule_id).values(values))


def _schedule(row: Row[tuple[object, ...]]) -> Schedule:
    return Schedule(**row._mapping)
