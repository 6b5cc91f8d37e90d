"""Items of a run as they are written to a file: many, and nothing made of each that costs time."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.items.failures import RetrySelection, conditions
from app.store.tables.items import Item

_ITEM = Item.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so


class ExportedItem(NamedTuple):
    """``result`` is JSON."""

    item_id: str
    status: str
    attempts: int
    postponements: int
    error_class: str | None
    error_message: str | None
    error_traceback: str | None
    error_group: str | None
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: str | None


class ExportedPage(NamedTuple):
    """``last``: there are no more."""

    items: list[ExportedItem]
    last: bool


_NAMES = tuple(ExportedItem.__annotations__)
_PLAIN = [_ITEM.c[name] for name in _NAMES if name != "result"]


async def page_of_export(
    tx: AsyncConnection,
    run_id: str,
    which: RetrySelection,
    *,
    after_id: str | None,
    limit: int,
    most: int,
) -> ExportedPage:
    """Items by id, after ``after_id``: at most ``limit``, and with at most ``most`` bytes of
    results together, unless one alone is larger."""
    query = select(*_PLAIN, cast(_ITEM.c.result, Text).label("result")).where(
        _ITEM.c.run_id == run_id, *conditions(which)
    )
    if after_id is not None:
        query = query.where(_ITEM.c.item_id > after_id)
    page = query.order_by(_ITEM.c.item_id).limit(limit).subquery()
    so_far = func.sum(func.coalesce(func.octet_length(page.c.result), 0)).over(
        order_by=page.c.item_id
    )
    weighed = select(
        page,
        so_far.label("so_far"),
        func.row_number().over(order_by=page.c.item_id).label("number"),
        func.count().over().label("found"),
    ).subquery()
    taken = or_(weighed.c.so_far <= most, weighed.c.number == 1)
    columns = [weighed.c[name] for name in (*_NAMES, "found")]
    rows = (await tx.execute(select(*columns).where(taken).order_by(weighed.c.item_id))).all()
    found = rows[0].found if rows else 0
    items = [ExportedItem(*row[:-1]) for row in rows]
    return ExportedPage(items, last=found < limit and len(items) == found)
