"""Deleting what is old: ended runs with all that is theirs, what was told of runs, and calls'
keys."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, FromClause, and_, delete, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.deferred import batches
from app.store.events import inbox, starts, waits
from app.store.items import parked_items
from app.store.monitoring import audit, samples
from app.store.notifications import deliveries
from app.store.runs import idempotency
from app.store.tables.runs import IdempotencyKey, Run, RunEvent

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_EVENT = RunEvent.__table__  # type: ignore[attr-defined]
_KEY = IdempotencyKey.__table__  # type: ignore[attr-defined]

BATCH = 1_000
"""Items deleted in one transaction."""

_LAST = text("""
    SELECT max(item_id) FROM (
        SELECT item_id FROM sluice.item WHERE run_id = :run AND item_id > :after
        ORDER BY item_id LIMIT :batch
    ) AS batch
""")
_DELETE = [
    text(
        f"DELETE FROM sluice.{table} WHERE run_id = :run AND item_id > :after AND item_id <= :last"  # noqa: S608
    )
    for table in ("step", "output", "parked_item", "item")
]

log = structlog.get_logger("sluice.retention")


async def prune(database: AsyncEngine, older_than: timedelta, *, rests: float = 0.0) -> int:
    """Delete runs that ended longer ago than that, and their items. Returns how many runs.

    A run that has not ended is never touched. Safe to stop at any point and to repeat: a run's row
    goes last.

    Args:
        rests: how many times as long as each transaction took nothing is done after it.
    """
    pruned = 0
    while (run_id := await _oldest(database, older_than)) is not None:
        await _delete_items(database, run_id, rests)
        async with database.begin() as tx:
            await tx.execute(delete(_EVENT).where(_EVENT.c.run_id == run_id))
            await samples.prune(tx, run_id)
            await parked_items.prune(tx, run_id)
            await tx.execute(
                delete(_RUN).where(_RUN.c.id == run_id, _RUN.c.finished_at.is_not(None))
            )
        pruned += 1
    if pruned:
        log.info("runs_pruned", runs=pruned)
    return pruned


async def prune_audit(database: AsyncEngine, older_than: timedelta) -> None:
    """Delete who did what to flow keys, schedules, backfills and targets longer ago than that."""
    full = True
    while full:
        async with database.begin() as tx:
            full = await audit.prune(tx, older_than) == audit.BATCH


async def prune_notifications(database: AsyncEngine, older_than: timedelta) -> None:
    """Delete what was told, or was to be told, longer ago than that."""
    full = True
    while full:
        async with database.begin() as tx:
            full = await deliveries.prune(tx, older_than) == deliveries.BATCH


async def prune_batches(database: AsyncEngine, older_than: timedelta) -> None:
    """Delete providers' batches that ended longer ago than that."""
    full = True
    while full:
        async with database.begin() as tx:
            full = await batches.prune(tx, older_than) == batches.PRUNED


async def prune_events(database: AsyncEngine, older_than: timedelta) -> None:
    """Delete events that were received longer ago than that, and starts that were settled; from
    then on such an event is a new one, should it come again."""
    full = True
    while full:
        async with database.begin() as tx:
            deleted = (
                await inbox.prune(tx, older_than),
                await inbox.prune_values(tx, older_than),
                await starts.prune(tx, older_than),
                await starts.prune_gone(tx),
            )
            full = inbox.BATCH in deleted
    async with database.begin() as tx:
        await waits.forget_places(tx)


async def prune_keys(database: AsyncEngine) -> None:
    """Delete the keys of calls that are too old to be repeated."""
    after = idempotency.KEPT + idempotency.LEEWAY
    async with database.begin() as tx:
        await tx.execute(delete(_KEY).where(_KEY.c.created_at < func.now() - after))


async def count_prunable(database: AsyncEngine, older_than: timedelta) -> int:
    async with database.connect() as connection:
        query = select(func.count()).select_from(_RUN)
        return int(await connection.scalar(query.where(_prunable(older_than))) or 0)


def _prunable(older_than: timedelta) -> ColumnElement[bool]:
    """A finish stays as long as its run, which ends and is told by what it has come to."""
    of = _RUN.alias("of")
    keeps = exists().where(of.c.id == _RUN.c.parent_run, ~_old(of, older_than))
    return and_(_old(_RUN, older_than), _RUN.c.parent_item.is_not(None) | ~keeps)


def _old(run: FromClause, older_than: timedelta) -> ColumnElement[bool]:
    return and_(run.c.finished_at.is_not(None), run.c.finished_at < func.now() - older_than)


async def _oldest(database: AsyncEngine, older_than: timedelta) -> str | None:
    query = select(_RUN.c.id).where(_prunable(older_than)).order_by(_RUN.c.id).limit(1)
    async with database.connect() as connection:
        found: str | None = await connection.scalar(query)
        return found


async def _delete_items(database: AsyncEngine, run_id: str, rests: float) -> None:
    """In the order of their ids, each transaction from where the one before has ended: to begin at
    the run's first item again would be to read, each time, all that has been deleted already."""
    after = ""  # before every id
    while True:
        began = time.monotonic()
        last = await _delete_batch(database, run_id, after)
        if last is None:
            return
        after = last
        await asyncio.sleep(rests * (time.monotonic() - began))


async def _delete_batch(database: AsyncEngine, run_id: str, after: str) -> str | None:
    """Returns the last id; None: there was none behind ``after``."""
    async with database.begin() as tx:
        where = {"run": run_id, "after": after}
        last: str | None = await tx.scalar(_LAST, {**where, "batch": BATCH})
        if last is not None:
            for statement in _DELETE:
                await tx.execute(statement, {**where, "last": last})
        return last
