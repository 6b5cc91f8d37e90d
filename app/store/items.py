"""Item rows: how they end, and how they are read. Added by ``runs.advance``, page by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.lifecycle import ItemStatus
from app.store.runs import Changed
from app.store.tables import Item

_ITEM = Item.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so

# Hot statements go to the driver as they stand: compiling them costs more than running them.
_COLUMNS = {
    "run_id": "text",
    "item_id": "text",
    "status": "text",
    "attempts": "int",
    "postponements": "int",
    "executed": "bool",
    "result": "text",
    "error_class": "text",
    "error_message": "text",
    "error_traceback": "text",
    "error_group": "text",
    "spent_usd": "float8",
    "spent_tokens": "bigint",
    "started_at": "timestamptz",
    "finished_at": "timestamptz",
    "work_ms": "int",
}
_ARRAYS = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_COLUMNS.values(), start=1))
# Only a pending item takes an outcome, so the rows that come back are exactly what changed.
_RECORD = f"""
    UPDATE item
    SET status = t.status, attempts = t.attempts, postponements = t.postponements,
        executed = t.executed, result = t.result::jsonb, error_class = t.error_class,
        error_message = t.error_message, error_traceback = t.error_traceback,
        error_group = t.error_group, spent_usd = item.spent_usd + t.spent_usd,
        spent_tokens = item.spent_tokens + t.spent_tokens,
        started_at = t.started_at, finished_at = t.finished_at
    FROM unnest({_ARRAYS}) AS t({", ".join(_COLUMNS)})
    WHERE item.run_id = t.run_id AND item.item_id = t.item_id AND item.status = 'pending'
    RETURNING t.run_id, t.status, t.work_ms, t.spent_usd, t.spent_tokens
"""  # noqa: S608 - no value is pasted in

_TO_EXECUTE = """
    SELECT item.run_id, item.item_id,
           item.attempts > 0 OR item.postponements > 0 OR item.executed AS seen
    FROM unnest($1::text[], $2::text[]) AS t(run_id, item_id)
    JOIN item ON item.run_id = t.run_id AND item.item_id = t.item_id AND item.status = 'pending'
    JOIN run ON run.id = item.run_id AND run.status = 'running'
"""


@dataclass(frozen=True, slots=True)
class Record:
    """What one delivery found out about its item. ``pending``: another attempt will follow.

    ``result`` is JSON. ``work_ms`` is how long the family's methods took; that, and what was spent,
    is of this delivery alone.
    """

    run_id: str
    item_id: str
    status: ItemStatus
    attempts: int
    postponements: int
    executed: bool
    result: str | None
    error_class: str | None
    error_message: str | None
    error_traceback: str | None
    error_group: str | None
    spent_usd: float
    spent_tokens: int
    started_at: datetime
    finished_at: datetime | None
    work_ms: int


async def record(tx: AsyncConnection, records: Sequence[Record]) -> dict[str, Changed]:
    """Write the records of items that are still pending. Returns what changed, by run."""
    columns = tuple([getattr(record, name) for record in records] for name in _COLUMNS)
    rows = await tx.exec_driver_sql(_RECORD, columns)
    changed: dict[str, Changed] = defaultdict(lambda: Changed(defaultdict(int)))
    for row in rows.mappings():
        spent = row["spent_usd"] or row["spent_tokens"]
        if row["status"] == ItemStatus.PENDING and not spent:
            continue  # another attempt will follow, and there is nothing to count yet
        run = changed[row["run_id"]]
        run.spent_usd += row["spent_usd"]
        run.spent_tokens += row["spent_tokens"]
        if row["status"] != ItemStatus.PENDING:
            run.outcomes[row["status"]] += 1
            run.work_ms += row["work_ms"]
    return changed


async def find(tx: AsyncConnection, run_id: str, item_id: str) -> Item | None:
    row = (
        await tx.execute(select(_ITEM).where(_ITEM.c.run_id == run_id, _ITEM.c.item_id == item_id))
    ).one_or_none()
    return None if row is None else Item(**row._mapping)


@dataclass(frozen=True, slots=True)
class ToExecute:
    """``seen``: an earlier delivery has left something behind in the item's row."""

    run_id: str
    item_id: str
    seen: bool


async def to_execute(tx: AsyncConnection, wanted: Sequence[tuple[str, str]]) -> list[ToExecute]:
    """Which of these ``(run id, item id)`` have no outcome yet, in runs that are running."""
    run_ids, item_ids = [run_id for run_id, _ in wanted], [item_id for _, item_id in wanted]
    rows = await tx.exec_driver_sql(_TO_EXECUTE, (run_ids, item_ids))
    return [ToExecute(**row) for row in rows.mappings()]


async def pending_ids(
    tx: AsyncConnection, run_id: str, *, after_id: str | None, limit: int
) -> list[str]:
    """Ids of items without an outcome, by id."""
    query = (
        select(_ITEM.c.item_id)
        .where(_ITEM.c.run_id == run_id, _ITEM.c.status == ItemStatus.PENDING)
        .order_by(_ITEM.c.item_id)
        .limit(limit)
    )
    if after_id is not None:
        query = query.where(_ITEM.c.item_id > after_id)
    return list((await tx.scalars(query)).all())


async def cancel_pending(tx: AsyncConnection, run_id: str, item_ids: Sequence[str]) -> int:
    """End these as cancelled where they have no outcome yet. Returns how many there were."""
    done = await tx.execute(
        update(_ITEM)
        .where(
            _ITEM.c.run_id == run_id,
            _ITEM.c.item_id.in_(item_ids),
            _ITEM.c.status == ItemStatus.PENDING,
        )
        .values(status=ItemStatus.CANCELLED, finished_at=func.now())
    )
    return done.rowcount


async def page_of_items(
    tx: AsyncConnection,
    run_id: str,
    *,
    status: ItemStatus | None = None,
    after_id: str | None = None,
    limit: int,
) -> list[Item]:
    """By id, after ``after_id``."""
    query = select(_ITEM).where(_ITEM.c.run_id == run_id).order_by(_ITEM.c.item_id).limit(limit)
    if status is not None:
        query = query.where(_ITEM.c.status == status)
    if after_id is not None:
        query = query.where(_ITEM.c.item_id > after_id)
    return [Item(**row._mapping) for row in await tx.execute(query)]
