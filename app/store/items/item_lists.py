"""Lists of ids: made in parts, read page by page, deleted when nobody needs them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, exists, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.errors import Conflict, Forbidden, NotFound, TooLarge
from app.store.tables.items import ItemList, ListedItem
from app.store.tables.runs import Run

_LIST = ItemList.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_ITEM = ListedItem.__table__  # type: ignore[attr-defined]
_RUN = Run.__table__  # type: ignore[attr-defined]

_ADD = text("""
    INSERT INTO sluice.listed_item (list_id, item_id) SELECT :id, unnest(CAST(:ids AS text[]))
    ON CONFLICT DO NOTHING
""")
MOST_LISTED = 1_000_000
"""Ids of one list."""
KEPT = timedelta(days=7)
"""From when it was made, and for as long as a run reads it."""


async def make(tx: AsyncConnection, list_id: str, made_by: str) -> None:
    await tx.execute(insert(_LIST).values(id=list_id, made_by=made_by))


async def add(tx: AsyncConnection, list_id: str, item_ids: Sequence[str], *, by: str) -> int:
    """Add to a list; ids that it has are passed over. Returns how many it has then.

    Raises:
        NotFound: there is no such list.
        Forbidden: somebody else made it.
        Conflict: a run has named it, and it does not have all of these.
        TooLarge: it would have too many.
    """
    query = select(_LIST.c.made_by, _LIST.c.frozen_by).where(_LIST.c.id == list_id)
    # Locked, so that a run that names it meanwhile waits, and is over what is in it then.
    found = (await tx.execute(query.with_for_update())).one_or_none()
    if found is None:
        raise _no_list(list_id)
    if found.made_by != by:
        raise Forbidden(
            f"List {list_id} was made with another token, and only that one adds to it. Make one"
            " of your own with POST /api/item-lists."
        )
    added = await tx.execute(_ADD, {"id": list_id, "ids": sorted(set(item_ids))})
    if added.rowcount and found.frozen_by is not None:
        raise Conflict(
            f"Run {found.frozen_by} is over list {list_id}, so it takes no more ids. Make another"
            " list for the others.",
            more={"runId": found.frozen_by},
        )
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


async def freeze(tx: AsyncConnection, list_id: str, run_id: str) -> None:
    """Let nothing be added any more; in the transaction in which the run comes to be.

    Raises:
        NotFound: there is no such list.
    """
    first = func.coalesce(_LIST.c.frozen_by, run_id)
    done = await tx.execute(update(_LIST).where(_LIST.c.id == list_id).values(frozen_by=first))
    if done.rowcount == 0:
        raise _no_list(list_id)


async def require(tx: AsyncConnection, list_id: str) -> None:
    """
    Raises:
        NotFound: there is no such list.
    """
    found = await tx.scalars(select(_LIST.c.id).where(_LIST.c.id == list_id))
    if found.one_or_none() is None:
        raise _no_list(list_id)


async def count(tx: AsyncConnection, list_id: str) -> int:
    found = await tx.scalars(select(_LIST.c.number).where(_LIST.c.id == list_id))
    return int(found.one_or_none() or 0)


async def page(tx: AsyncConnection, list_id: str, *, after_id: str | None, limit: int) -> list[str]:
    """A page of the list's ids, by id."""
    query = select(_ITEM.c.item_id).where(_ITEM.c.list_id == list_id)
    if after_id is not None:
        query = query.where(_ITEM.c.item_id > after_id)
    return list((await tx.scalars(query.order_by(_ITEM.c.item_id).limit(limit))).all())


async def prune(database: AsyncEngine) -> None:
    """Delete lists that are old, and that no run reads which has not ended."""
    read = exists().where(_RUN.c.item_list == _LIST.c.id, _RUN.c.finished_at.is_(None))
    old = select(_LIST.c.id).where(_LIST.c.created_at < func.now() - KEPT, ~read)
    # One that a run names just now is not ours, and one that is ours no run finds any more.
    old = old.with_for_update(skip_locked=True)
    async with database.begin() as tx:
        ids = list((await tx.scalars(old)).all())
        for table, column in ((_ITEM, _ITEM.c.list_id), (_LIST, _LIST.c.id)):
            await tx.execute(delete(table).where(column.in_(ids)))


def _no_list(list_id: str) -> NotFound:
    return NotFound(
        f"There is no list {list_id}. Make one with POST /api/item-lists; lists are kept for"
        f" {KEPT.days} days.",
        field="itemList",
    )
