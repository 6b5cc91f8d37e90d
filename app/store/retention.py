"""Deleting what is old: ended runs with all that is theirs, and calls' keys."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.monitoring import samples
from app.store.runs import idempotency
from app.store.tables.items import Item
from app.store.tables.runs import IdempotencyKey, Run, RunEvent
from app.store.tables.steps import Output, Step

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_ITEM = Item.__table__  # type: ignore[attr-defined]
_STEP = Step.__table__  # type: ignore[attr-defined]
_OUTPUT = Output.__table__  # type: ignore[attr-defined]
_EVENT = RunEvent.__table__  # type: ignore[attr-defined]
_KEY = IdempotencyKey.__table__  # type: ignore[attr-defined]

BATCH = 5_000
"""Items deleted in one transaction."""

log = structlog.get_logger("sluice.retention")


async def prune(database: AsyncEngine, older_than: timedelta) -> int:
    """Delete runs that ended longer ago than that, and their items. Returns how many runs.

    A run that has not ended is never touched. Safe to stop at any point and to repeat: a run's row
    goes last.
    """
    pruned = 0
    while (run_id := await _oldest(database, older_than)) is not None:
        while await _delete_items(database, run_id):
            pass
        async with database.begin() as tx:
            await tx.execute(delete(_EVENT).where(_EVENT.c.run_id == run_id))
            await samples.prune(tx, run_id)
            await tx.execute(
                delete(_RUN).where(_RUN.c.id == run_id, _RUN.c.finished_at.is_not(None))
            )
        pruned += 1
    if pruned:
        log.info("runs_pruned", runs=pruned)
    return pruned


async def prune_keys(database: AsyncEngine) -> None:
    """Delete the keys of calls that are too old to be repeated."""
    async with database.begin() as tx:
        await tx.execute(delete(_KEY).where(_KEY.c.created_at < func.now() - idempotency.KEPT))


async def count_prunable(database: AsyncEngine, older_than: timedelta) -> int:
    async with database.connect() as connection:
        query = select(func.count()).select_from(_RUN)
        return int(await connection.scalar(query.where(_prunable(older_than))) or 0)


def _prunable(older_than: timedelta) -> ColumnElement[bool]:
    return and_(_RUN.c.finished_at.is_not(None), _RUN.c.finished_at < func.now() - older_than)


async def _oldest(database: AsyncEngine, older_than: timedelta) -> str | None:
    query = select(_RUN.c.id).where(_prunable(older_than)).order_by(_RUN.c.id).limit(1)
    async with database.connect() as connection:
        found: str | None = await connection.scalar(query)
        return found


async def _delete_items(database: AsyncEngine, run_id: str) -> bool:
    some = (
        select(_ITEM.c.item_id)
        .where(_ITEM.c.run_id == run_id)
        .order_by(_ITEM.c.item_id)
        .limit(BATCH)
    )
    async with database.begin() as tx:
        ids = (await tx.scalars(some)).all()
        for table in (_STEP, _OUTPUT, _ITEM):
            await tx.execute(
                delete(table).where(table.c.run_id == run_id, table.c.item_id.in_(ids))
            )
        return bool(ids)
