"""Lists of ids: made in parts, read page by page, deleted when nobody needs them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, exists, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.errors import NotFound, TooLarge
from app.store.tables.item_lists import ItemList, ListedItem
from app.store.tables.runs import Run

_LIST = ItemList.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_ITEM = ListedItem.__table__  # type: ignore[attr-defined]
_RUN = Run.__table__  # type: ignore[attr-defined]

_ADD = text("""
    INSERT INTO listed_item (list_id, item_id) SELECT :id, unnest(CAST(:ids AS text[]))
    ON CONFLICT DO NOTHING
""")
MOST_LISTED = 1_000_000
"""Ids of one list."""
KEPT = timedelta(days=7)
"""From when it was made, and for as long as a run reads it."""


async def make(tx: AsyncConnection, list_id: str, made_by: str) -> None:
    await tx.execute(insert(_LIST).values(id=list_id, made_by=made_by))


async def add(tx: AsyncConnection, list_id: str, item_ids: Sequence[str]) -> int:
    """Add to a list; ids that it has are passed over. Returns how many it has then.

    Raises:
        NotFound: there is no such list.
        TooLarge: it would have too many.
    """
    await require(tx, list_id, lock=True)
    added = await tx.execute(_ADD, {"id": list_id, "ids": sorted(set(item_ids))})
    number: int = (
        await tx.execute(
            update(_LIST)
            .where(_LIST.c.id == list_id)
            .values(number=_LIST.c.number + added.rowcount)
            .returning(_LIST.c.number)
        )
    ).scalar_one()
    if number > MOST_LISTED:
        raise TooLarge(f"A list has at most {MOST_LISTED:,} ids. Begin another one.")
    return number


async def require(tx: AsyncConnection, list_id: str, *, lock: bool = False) -> None:
    """
    Raises:
        NotFound: there is no such list.
    """
    query = select(_LIST.c.id).where(_LIST.c.id == list_id)
    if (await tx.scalars(query.with_for_update() if lock else query)).one_or_none() is None:
        raise NotFound(
            f"There is no list {list_id}. Make one with POST /api/item-lists; lists are kept for"
            f" {KEPT.days} days.",
            field="itemList",
        )


async def count(tx: AsyncConnection, list_id: str) -> int:
    found = await tx.scalars(select(_LIST.c.number).where(_LIST.c.id == list_id))
    return int(found.one_or_none() or 0)


async def page(tx: AsyncConnection, list_id: str, *, after_id: str | None, limit: int) -> list[str]:
    """By id."""
    query = select(_ITEM.c.item_id).where(_ITEM.c.list_id == list_id)
    if after_id is not None:
        query = query.where(_ITEM.c.item_id > after_id)
    return list((await tx.scalars(query.order_by(_ITEM.c.item_id).limit(limit))).all())


async def prune(database: AsyncEngine) -> None:
    """Delete lists that are old, and that no run reads which has not ended."""
    read = exists().where(_RUN.c.item_list == _LIST.c.id, _RUN.c.finished_at.is_(None))
    old = select(_LIST.c.id).where(_LIST.c.created_at < func.now() - KEPT, ~read)
    async with database.begin() as tx:
        ids = list((await tx.scalars(old)).all())
        for table, column in ((_ITEM, _ITEM.c.list_id), (_LIST, _LIST.c.id)):
            await tx.execute(delete(table).where(column.in_(ids)))
