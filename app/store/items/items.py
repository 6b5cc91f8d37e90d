"""Item rows: how they are read, and cancelled. ``paging`` adds them, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
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
    SELECT item_id FROM sluice.item
    WHERE run_id = $1::text AND item_id = ANY($2::text[]) AND status = 'pending'
    ORDER BY item_id
"""


async def find(tx: AsyncConnection, run_id: str, item_id: str) -> Item | None:
    row = (
        await tx.execute(select(_ITEM).where(_ITEM.c.run_id == run_id, _ITEM.c.item_id == item_id))
    ).one_or_none()
    return None if row is None else Item(**row._mapping)


async def with_steps(
    tx: AsyncConnection, run_id: str, item_ids: Sequence[str]
) -> list[tuple[Item, bool]]:
    """Each of these, and whether it remembers any steps."""
    remembers = (
        select(_STEP.c.name)
        .where(_STEP.c.run_id == _ITEM.c.run_id, _STEP.c.item_id == _ITEM.c.item_id)
        .offset(literal_column("0"))  # or it might read all steps once, to look the items up there
        .exists()
    ).label("remembers")
    here = and_(_ITEM.c.run_id == run_id, _ITEM.c.item_id.in_(item_ids))
    found = []
    for row in (await tx.execute(select(_ITEM, remembers).where(here))).mappings():
        values = dict(row)
        has_steps = bool(values.pop("remembers"))
        found.append((Item(**values), has_steps))
    return found


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


async def pending_among(tx: AsyncConnection, run_id: str, item_ids: Sequence[str]) -> list[str]:
    """Which of these have no outcome yet and do not wait, by id."""
    return [row[0] for row in await fetch_raw(tx, _TO_EXECUTE, run_id, list(item_ids))]


@dataclass(frozen=True, slots=True)
class Awaited:
    """An item of which a message must be on its way, or in hand. ``delay``: until it is due."""

    item_id: str
    delay: timedelta

    @property
    def later(self) -> bool:
        return self.delay > timedelta(0)


_SLEEPING = and_(_ITEM.c.status == ItemStatus.SUSPENDED, _ITEM.c.due_at.is_not(None))


async def awaited(
    tx: AsyncConnection, run_id: str, *, after_id: str | None, limit: int
) -> list[Awaited]:
    """The pending items, and the suspended ones that go on by themselves, by id."""
    query = select(_ITEM.c.item_id, _ITEM.c.due_at - func.now()).where(
        _ITEM.c.run_id == run_id, or_(_ITEM.c.status == ItemStatus.PENDING, _SLEEPING)
    )
    if after_id is not None:
        query = query.where(_ITEM.c.item_id > after_id)
    rows = await tx.execute(query.order_by(_ITEM.c.item_id).limit(limit))
    return [Awaited(item_id, left or timedelta(0)) for item_id, left in rows]


async def sleeping(tx: AsyncConnection, run_id: str) -> int:
    """How many suspended ones go on by themselves."""
    query = select(func.count()).where(_ITEM.c.run_id == run_id, _SLEEPING)
    return (await tx.scalar(query)) or 0


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item that has not ended. ``claim``: whose it is. ``delayed``: its message, which is of it
    alone, was to come later."""

    item_id: str
    status: ItemStatus
    claim: tuple[int, int] | None
    delayed: bool


async def lock_open(
    tx: AsyncConnection, run_id: str, *, after_id: str | None, limit: int
) -> list[OpenItem]:
    """Lock the pending and suspended items, by id, until the end of ``tx``. Items that another
    transaction has locked are left out."""
    token = _ITEM.c.claim, _ITEM.c.claim_number
    columns = (_ITEM.c.item_id, _ITEM.c.status, *token, _ITEM.c.due_at.is_not(None))
    is_open = _ITEM.c.status.in_((ItemStatus.PENDING, ItemStatus.SUSPENDED))
    query = select(*columns).where(_ITEM.c.run_id == run_id, is_open)
    if after_id is not None:
        query = query.where(_ITEM.c.item_id > after_id)
    query = query.order_by(_ITEM.c.item_id).limit(limit).with_for_update(skip_locked=True)
    return [
        OpenItem(item_id, ItemStatus(status), None if claim is None else (claim, number), delayed)
        for item_id, status, claim, number, delayed in await tx.execute(query)
    ]


async def cancel(tx: AsyncConnection, run_id: str, item_ids: Sequence[str]) -> None:
    """End these as cancelled, which ``tx`` has locked."""
    await tx.execute(
        update(_ITEM)
        .where(_ITEM.c.run_id == run_id, _ITEM.c.item_id.in_(item_ids))
        .values(status=ItemStatus.CANCELLED, finished_at=func.now(), due_at=None)
    )


async def page_of_items(
    tx: AsyncConnection,
    run_id: str,
    *,
    status: ItemStatus | None = None,
    after_id: str | None = None,
    limit: int,
) -> list[Item]:
    """A page of items, by id, after ``after_id``."""
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
