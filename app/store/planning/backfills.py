"""Backfills and their partitions.

Locks are taken in this order: runs, then the backfill, then its partitions.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound
from app.store.statuses import BackfillStatus, PartitionStatus
from app.store.tables.backfills import Backfill, BackfillPartition

_BACKFILL = Backfill.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_PARTITION = BackfillPartition.__table__  # type: ignore[attr-defined]


async def add(
    tx: AsyncConnection, backfill: Backfill, partitions: Sequence[BackfillPartition]
) -> bool:
    """False: the family has one that has not ended."""
    done = await tx.execute(
        upsert(_BACKFILL)
        .values(backfill.model_dump(exclude={"created_at"}))
        .on_conflict_do_nothing(
            index_elements=["family"], index_where=_BACKFILL.c.finished_at.is_(None)
        )
    )
    if done.rowcount != 1:
        return False
    if partitions:
        await tx.execute(insert(_PARTITION), [partition.model_dump() for partition in partitions])
    return True


async def get(tx: AsyncConnection, backfill_id: str, *, lock: bool = False) -> Backfill:
    """
    Args:
        lock: until the end of ``tx`` nobody changes it, or begins one of its partitions.

    Raises:
        NotFound: no backfill has this id.
    """
    query = select(_BACKFILL).where(_BACKFILL.c.id == backfill_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no backfill {backfill_id}. GET /api/backfills lists them.")
    return Backfill(**row._mapping)


async def active_of(tx: AsyncConnection, family: str) -> str | None:
    """The id of the family's backfill that has not ended."""
    query = select(_BACKFILL.c.id).where(
        _BACKFILL.c.family == family, _BACKFILL.c.finished_at.is_(None)
    )
    found: str | None = (await tx.scalars(query)).one_or_none()
    return found


async def unfinished(tx: AsyncConnection) -> list[str]:
    query = select(_BACKFILL.c.id).where(_BACKFILL.c.finished_at.is_(None))
    return list((await tx.scalars(query.order_by(_BACKFILL.c.id))).all())


async def page_of_backfills(
    tx: AsyncConnection, *, family: str | None, before_id: str | None, limit: int
) -> list[Backfill]:
    """The newest first."""
    query = select(_BACKFILL).order_by(_BACKFILL.c.id.desc()).limit(limit)
    if family is not None:
        query = query.where(_BACKFILL.c.family == family)
    if before_id is not None:
        query = query.where(_BACKFILL.c.id < before_id)
    return [Backfill(**row._mapping) for row in await tx.execute(query)]


async def set_status(
    tx: AsyncConnection, backfill_id: str, status: BackfillStatus, *, ended: bool = False
) -> None:
    values: dict[str, object] = {"status": status}
    if ended:
        values["finished_at"] = func.now()
    await tx.execute(update(_BACKFILL).where(_BACKFILL.c.id == backfill_id).values(values))


async def waiting(tx: AsyncConnection, backfill_id: str, *, limit: int) -> list[BackfillPartition]:
    query = select(_PARTITION).where(
        _PARTITION.c.backfill_id == backfill_id, _PARTITION.c.status == PartitionStatus.WAITING
    )
    rows = await tx.execute(query.order_by(_PARTITION.c.position).limit(limit))
    return [BackfillPartition(**row._mapping) for row in rows]


async def page_of_partitions(
    tx: AsyncConnection, backfill_id: str, *, after: int, limit: int
) -> list[BackfillPartition]:
    """A page of a backfill's partitions, in the order in which they begin."""
    query = select(_PARTITION).where(
        _PARTITION.c.backfill_id == backfill_id, _PARTITION.c.position > after
    )
    rows = await tx.execute(query.order_by(_PARTITION.c.position).limit(limit))
    return [BackfillPartition(**row._mapping) for row in rows]


async def activate(tx: AsyncConnection, partition: BackfillPartition, run_id: str) -> None:
    await tx.execute(
        update(_PARTITION)
        .where(
            _PARTITION.c.backfill_id == partition.backfill_id,
            _PARTITION.c.position == partition.position,
        )
        .values(status=PartitionStatus.ACTIVE, run_id=run_id)
    )


async def cancel_waiting(tx: AsyncConnection, backfill_id: str) -> None:
    await tx.execute(
        update(_PARTITION)
        .where(
            _PARTITION.c.backfill_id == backfill_id, _PARTITION.c.status == PartitionStatus.WAITING
        )
        .values(status=PartitionStatus.CANCELLED)
    )


async def settle(tx: AsyncConnection, backfill_id: str) -> int:
    """Write down what became of the active partitions whose runs have ended. Returns how many.

    A run that is not there any more was deleted by hand: its partition counts as cancelled.
    """
    done = await tx.execute(
        text("""
            UPDATE sluice.backfill_partition AS p
            SET status = coalesce(run.status, 'cancelled'),
                counters = CASE WHEN run.id IS NOT NULL THEN jsonb_build_object(
                    'succeeded', run.succeeded, 'skipped', run.skipped, 'failed', run.failed,
                    'cancelled', run.cancelled, 'timed_out', run.timed_out) END
            FROM sluice.backfill_partition AS own LEFT JOIN LATERAL (
                SELECT * FROM sluice.run WHERE run.id = own.run_id OFFSET 0
            ) AS run ON true
            WHERE p.backfill_id = :id AND own.backfill_id = :id AND own.position = p.position
              AND p.status = 'active' AND (run.id IS NULL OR run.finished_at IS NOT NULL)
        """),
        {"id": backfill_id},
    )
    return int(done.rowcount)


async def active_runs(tx: AsyncConnection, backfill_id: str) -> list[str]:
    query = select(_PARTITION.c.run_id).where(
        _PARTITION.c.backfill_id == backfill_id, _PARTITION.c.status == PartitionStatus.ACTIVE
    )
    return list((await tx.scalars(query.order_by(_PARTITION.c.position))).all())


async def counts(
    tx: AsyncConnection, backfill_ids: Collection[str]
) -> dict[str, dict[PartitionStatus, int]]:
    """How many partitions, by backfill and by status; a status that none has is 0."""
    query = (
        select(_PARTITION.c.backfill_id, _PARTITION.c.status, func.count())
        .where(_PARTITION.c.backfill_id.in_(backfill_ids))
        .group_by(_PARTITION.c.backfill_id, _PARTITION.c.status)
    )
    found = {one: dict.fromkeys(PartitionStatus, 0) for one in backfill_ids}
    for backfill_id, status, number in await tx.execute(query):
        found[backfill_id][PartitionStatus(status)] = number
    return found
