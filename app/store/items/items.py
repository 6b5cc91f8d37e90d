"""Item rows: how they are read, and cancelled. ``paging`` adds them, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.errors import NotFound
from app.store.statuses import ItemStatus
from app.store.tables.items import Item
from app.store.tables.steps import Step

_ITEM = Item.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_STEP = Step.__table__  # type: ignore[attr-defined]

_TO_EXECUTE = """
    SELECT run_id, item_id, attempts > 0 OR postponements > 0 OR executed AS seen FROM sluice.item
    WHERE run_id = ANY($1::text[]) AND item_id = ANY($2::text[]) AND status = 'pending'
      AND (SELECT status FROM sluice.run WHERE id = item.run_id) = 'running'
    ORDER BY run_id, item_id
"""

_MARK = """
    UPDATE sluice.item SET lost = lost + 1 FROM unnest($1::text[], $2::text[]) AS t(run_id, item_id)
    WHERE item.run_id = ANY($1::text[]) AND item.item_id = ANY($2::text[])
      AND item.run_id = t.run_id AND item.item_id = t.item_id AND item.status = 'pending'
"""


async def find(tx: AsyncConnection, run_id: str, item_id: str) -> Item | None:
    row = (
        await tx.execute(select(_ITEM).where(_ITEM.c.run_id == run_id, _ITEM.c.item_id == item_id))
    ).one_or_none()
    return None if row is None else Item(**row._mapping)


async def find_with_steps(
    tx: AsyncConnection, run_id: str, item_id: str
) -> tuple[Item, bool] | None:
    """The item, and whether it remembers any steps."""
    remembers = (
        exists().where(_STEP.c.run_id == _ITEM.c.run_id, _STEP.c.item_id == _ITEM.c.item_id)
    ).label("remembers")
    query = select(_ITEM, remembers).where(_ITEM.c.run_id == run_id, _ITEM.c.item_id == item_id)
    row = (await tx.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    values = dict(row)
    found = bool(values.pop("remembers"))
    return Item(**values), found


async def get(tx: AsyncConnection, run_id: str, item_id: str) -> Item:
    """
    Raises:
        NotFound: the run has no such item.
    """
    item = await find(tx, run_id, item_id)
    if item is None:
        raise NotFound(
            f"Run {run_id} has no item {item_id!r}. GET /api/runs/{run_id}/items lists them.",
            field="itemId",
        )
    return item


async def mark(tx: AsyncConnection, places: Sequence[tuple[str, str]]) -> None:
    """These are about to be at work in the stead of a worker that is gone."""
    if places:
        run_ids, item_ids = [run_id for run_id, _ in places], [item_id for _, item_id in places]
        await tx.exec_driver_sql(_MARK, (run_ids, item_ids))


@dataclass(frozen=True, slots=True)
class ToExecute:
    """``seen``: an earlier delivery has left something behind in the item's row."""

    run_id: str
    item_id: str
    seen: bool


async def to_execute(tx: AsyncConnection, wanted: Sequence[tuple[str, str]]) -> list[ToExecute]:
    """Which of these ``(run id, item id)`` have no outcome yet, in runs that are running."""
    run_ids, item_ids = list({run_id for run_id, _ in wanted}), [item_id for _, item_id in wanted]
    found = [ToExecute(*row) for row in await fetch_raw(tx, _TO_EXECUTE, run_ids, item_ids)]
    # Two runs may have items of the same id, of which only one is asked for.
    asked = set(wanted)
    return [one for one in found if (one.run_id, one.item_id) in asked]


async def awaited_ids(
    tx: AsyncConnection, run_id: str, *, after_id: str | None, limit: int
) -> list[str]:
    """Ids of items that must have a message, by id: the pending ones, and the suspended ones that
    go on by themselves."""
    sleeping = and_(_ITEM.c.status == ItemStatus.SUSPENDED, _ITEM.c.wake_at.is_not(None))
    awaited = or_(_ITEM.c.status == ItemStatus.PENDING, sleeping)
    return await _ids(tx, run_id, awaited, after_id, limit)


async def ids_of(
    tx: AsyncConnection, run_id: str, status: ItemStatus, *, after_id: str | None, limit: int
) -> list[str]:
    """Ids of items that stand at ``status``, by id."""
    return await _ids(tx, run_id, _ITEM.c.status == status, after_id, limit)


async def _ids(
    tx: AsyncConnection,
    run_id: str,
    condition: ColumnElement[bool],
    after_id: str | None,
    limit: int,
) -> list[str]:
    query = select(_ITEM.c.item_id).where(_ITEM.c.run_id == run_id, condition)
    if after_id is not None:
        query = query.where(_ITEM.c.item_id > after_id)
    return list((await tx.scalars(query.order_by(_ITEM.c.item_id).limit(limit))).all())


async def cancel(
    tx: AsyncConnection, run_id: str, item_ids: Sequence[str], present: ItemStatus
) -> list[str]:
    """End as cancelled those of these that stand at ``present``. Returns their ids."""
    done = await tx.execute(
        update(_ITEM)
        .where(_ITEM.c.run_id == run_id, _ITEM.c.item_id.in_(item_ids), _ITEM.c.status == present)
        .values(status=ItemStatus.CANCELLED, finished_at=func.now(), wake_at=None)
        .returning(_ITEM.c.item_id)
    )
    return list(done.scalars())


async def page_of_items(
    tx: AsyncConnection,
    run_id: str,
    *,
    status: ItemStatus | None = None,
    after_id: str | None = None,
    limit: int,
) -> list[Item]:
    """By id, after ``after_id``."""
    query = _page(select(_ITEM), run_id, status, after_id, limit)
    return [Item(**row._mapping) for row in await tx.execute(query)]


@dataclass(frozen=True, slots=True)
class Listed:
    """``omitted``: the item has a result, which is larger than was asked for."""

    item: Item
    omitted: bool


async def listed(
    tx: AsyncConnection,
    run_id: str,
    *,
    status: ItemStatus | None = None,
    after_id: str | None = None,
    limit: int,
    largest: int,
    most: int,
) -> list[Listed]:
    """As ``page_of_items``, without results of more than ``largest`` bytes and those with which
    there would be more than ``most`` in all, so that an answer of many items stays small."""
    others = [column for column in _ITEM.c if column.name not in ("result", "exact")]
    size = func.octet_length(cast(_ITEM.c.result, Text))
    # What is that large as it is stored need not be unpacked to be measured.
    large = case((func.pg_column_size(_ITEM.c.result) > largest, True), else_=size > largest)
    weighs = case((large, 0), else_=size).label("weighs")
    page = _page(
        select(*others, _ITEM.c.result, large.label("large"), weighs),
        run_id,
        status,
        after_id,
        limit,
    ).subquery()
    in_all = func.sum(page.c.weighs).over(order_by=page.c.item_id)
    omits = func.coalesce(or_(page.c.large, and_(page.c.weighs > 0, in_all > most)), False)
    shown = case((omits, null()), else_=page.c.result).label("result")
    columns = [page.c[column.name] for column in others]
    query = select(*columns, shown, omits.label("omits")).order_by(page.c.item_id)
    found = []
    for row in (await tx.execute(query)).mappings():
        values = dict(row)
        found.append(Listed(omitted=values.pop("omits"), item=Item(**values)))
    return found


def _page(
    query: Select[Any],  # of any columns
    run_id: str,
    status: ItemStatus | None,
    after_id: str | None,
    limit: int,
) -> Select[Any]:
    query = query.where(_ITEM.c.run_id == run_id).order_by(_ITEM.c.item_id).limit(limit)
    if status is not None:
        query = query.where(_ITEM.c.status == status)
    return query if after_id is None else query.where(_ITEM.c.item_id > after_id)
