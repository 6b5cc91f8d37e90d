"""Item rows: how they end, and how they are read. Added by ``runs.advance``, page by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    DateTime,
    Integer,
    Text,
    bindparam,
    select,
    text,
)  # fmt: skip
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from app.store.lifecycle import ItemStatus, RunStatus
from app.store.tables import Item, Run

# SQLModel adds __table__, its types do not say so.
_ITEM = Item.__table__  # type: ignore[attr-defined]
_RUN = Run.__table__  # type: ignore[attr-defined]

_COLUMNS: dict[str, TypeEngine[Any]] = {  # of whatever Python type each column has
    "run_id": Text(),
    "item_id": Text(),
    "status": Text(),
    "attempts": Integer(),
    "postponements": Integer(),
    "executed": Boolean(),
    "result": Text(),
    "error_class": Text(),
    "error_message": Text(),
    "error_traceback": Text(),
    "started_at": DateTime(timezone=True),
    "finished_at": DateTime(timezone=True),
    "work_ms": Integer(),
}
# Only a pending item takes an outcome, so the rows that come back are exactly what changed.
_RECORD = text(
    f"""
    UPDATE item
    SET status = t.status, attempts = t.attempts, postponements = t.postponements,
        executed = t.executed, result = t.result::jsonb, error_class = t.error_class,
        error_message = t.error_message, error_traceback = t.error_traceback,
        started_at = t.started_at, finished_at = t.finished_at
    FROM unnest({", ".join(f":{name}" for name in _COLUMNS)}) AS t({", ".join(_COLUMNS)})
    WHERE item.run_id = t.run_id AND item.item_id = t.item_id AND item.status = 'pending'
    RETURNING t.run_id, t.status, t.work_ms
    """  # noqa: S608 - no value is pasted in
).bindparams(*(bindparam(name, type_=ARRAY(kind)) for name, kind in _COLUMNS.items()))


@dataclass(frozen=True, slots=True)
class Record:
    """What one delivery found out about its item. ``pending``: another attempt will follow.

    ``result`` is JSON. ``work_ms`` is how long the family's methods took.
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
    started_at: datetime
    finished_at: datetime | None
    work_ms: int


@dataclass(slots=True)
class Changed:
    """What really changed in one run: outcomes by status, and the work they took."""

    outcomes: dict[str, int]
    work_ms: int = 0


async def record(tx: AsyncConnection, records: Sequence[Record]) -> dict[str, Changed]:
    """Write the records of items that are still pending. Returns what changed, by run."""
    rows = await tx.execute(
        _RECORD, {name: [getattr(record, name) for record in records] for name in _COLUMNS}
    )
    changed: dict[str, Changed] = defaultdict(lambda: Changed(defaultdict(int)))
    for run_id, status, work_ms in rows:
        if status != ItemStatus.PENDING:
            changed[run_id].outcomes[status] += 1
            changed[run_id].work_ms += work_ms
    return changed


async def find(tx: AsyncConnection, run_id: str, item_id: str) -> Item | None:
    row = (
        await tx.execute(select(_ITEM).where(_ITEM.c.run_id == run_id, _ITEM.c.item_id == item_id))
    ).one_or_none()
    return None if row is None else Item(**row._mapping)


async def to_execute(tx: AsyncConnection, run_id: str, item_ids: Sequence[str]) -> list[str]:
    """Which of these have no outcome yet; none of them, unless their run is running."""
    rows = await tx.execute(
        select(_ITEM.c.item_id)
        .join(_RUN, _RUN.c.id == _ITEM.c.run_id)
        .where(
            _RUN.c.status == RunStatus.RUNNING,
            _ITEM.c.run_id == run_id,
            _ITEM.c.item_id.in_(item_ids),
            _ITEM.c.status == ItemStatus.PENDING,
        )
    )
    return list(rows.scalars())


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
