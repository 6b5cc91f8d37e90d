"""The rows of who is told."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound
from app.store.tables.notifications import NotificationTarget

_TARGET = NotificationTarget.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('sluice.notifications', 0))")


async def lock(tx: AsyncConnection) -> None:
    """Let nobody else add a target until the end of ``tx``."""
    await tx.execute(_LOCK)


async def get(
    tx: AsyncConnection, target_id: str, *, for_update: bool = False
) -> NotificationTarget:
    """
    Raises:
        NotFound: there is none with this id.
    """
    query = select(_TARGET).where(_TARGET.c.id == target_id)
    row = (await tx.execute(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise NotFound(
            f"There is no notification target {target_id!r}. GET /api/notifications lists them.",
            field="targetId",
        )
    return NotificationTarget(**row._mapping)


async def count(tx: AsyncConnection) -> int:
    return int(await tx.scalar(select(func.count()).select_from(_TARGET)) or 0)


async def named(tx: AsyncConnection, name: str) -> str | None:
    """The id of the one that has this name."""
    found: str | None = await tx.scalar(select(_TARGET.c.id).where(_TARGET.c.name == name))
    return found


async def at(tx: AsyncConnection, url_digest: bytes) -> str | None:
    """The name of the one that has this address."""
    query = select(_TARGET.c.name).where(_TARGET.c.url_digest == url_digest)
    found: str | None = await tx.scalar(query)
    return found


async def page(
    tx: AsyncConnection, *, after_id: str | None, limit: int
) -> list[NotificationTarget]:
    """The oldest first."""
    query = select(_TARGET).order_by(_TARGET.c.id).limit(limit)
    if after_id is not None:
        query = query.where(_TARGET.c.id > after_id)
    return [NotificationTarget(**row._mapping) for row in await tx.execute(query)]


async def add(tx: AsyncConnection, target: NotificationTarget) -> None:
    await tx.execute(insert(_TARGET).values(target.model_dump(exclude={"created_at"})))


async def remove(tx: AsyncConnection, target_id: str) -> None:
    await tx.execute(delete(_TARGET).where(_TARGET.c.id == target_id))


async def disable(tx: AsyncConnection, target_id: str, reason: str) -> bool:
    """False: it is gone, or disabled already."""
    done = await tx.execute(
        update(_TARGET)
        .where(_TARGET.c.id == target_id, _TARGET.c.disabled_at.is_(None))
        .values(disabled_at=func.now(), disabled_reason=reason)
    )
    return done.rowcount == 1


async def enable(tx: AsyncConnection, target_id: str) -> None:
    await tx.execute(
        update(_TARGET)
        .where(_TARGET.c.id == target_id)
        .values(disabled_at=None, disabled_reason=None)
    )


async def rename_family(tx: AsyncConnection, old: str, new: str) -> None:
    """Rename the family in targets that are for it alone, or for a few."""
    await tx.execute(
        update(_TARGET)
        .where(_TARGET.c.families.contains([old]))
        .values(families=func.array_replace(_TARGET.c.families, old, new))
    )
