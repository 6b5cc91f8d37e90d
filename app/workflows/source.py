"""Where a run's ids come from, always by page and cursor, whatever stands behind."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Select, func
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import select

from app.errors import ConfigurationError
from app.store import failures, item_lists
from app.store.database import reading
from app.store.failures import Which
from app.store.tables import Json
from app.workflows.bound import Async, BoundFamily
from app.workflows.family import Context, Page
from app.workflows.keys import MAX_ITEM_ID

LONGEST_POSITION = 1_000
"""Characters of a family's own cursor."""


class Source(Protocol):
    async def page(self, cursor: str | None, size: int) -> Page:
        """At most ``size`` ids after ``cursor``, in a fixed order."""

    async def count(self) -> int | None:
        """How many ids there are in all; None where that cannot be told."""


class Selection(Protocol):
    """What a run, or a request for one, says of which items it is for; a run's row is one."""

    @property
    def item_ids(self) -> Sequence[str] | None:
        """None: by eligibility."""

    @property
    def item_list(self) -> str | None: ...
    @property
    def retry_of(self) -> str | None: ...
    @property
    def retry(self) -> Json | None: ...


def source_of(bound: BoundFamily, params: BaseModel, ctx: Context, selection: Selection) -> Source:
    if selection.retry_of is not None:
        which = Which.model_validate(selection.retry or {})
        return RetrySource(ctx.services.database, selection.retry_of, which)
    if selection.item_ids is not None:
        return ListSource(tuple(sorted(set(selection.item_ids))))
    if selection.item_list is not None:
        return StoredSource(ctx.services.database, selection.item_list)
    if bound.pages is not None:
        return FamilySource(bound, bound.pages, params, ctx)
    return SqlSource(ctx.services.database, bound.family.eligible(params))


@dataclass(frozen=True, slots=True)
class SqlSource:
    """Keyset paging over a SELECT of one column. The cursor is the last id, as JSON."""

    database: AsyncEngine
    statement: Select[Any]

    async def page(self, cursor: str | None, size: int) -> Page:
        column = self._ids()
        query = select(column).order_by(column).limit(size + 1)
        if cursor is not None:
            last = json.loads(cursor)
            query = query.where(column > (UUID(last) if _is_uuid(column) else last))
        async with reading(self.database) as connection:
            rows = list((await connection.scalars(query)).all())
        more = len(rows) > size
        rows = rows[:size]
        return Page(
            ids=[checked_id(str(row)) for row in rows],
            next_cursor=_position(rows[-1]) if more else None,
        )

    async def count(self) -> int:
        query = select(func.count()).select_from(self._ids().table)
        async with reading(self.database) as connection:
            return int(await connection.scalar(query) or 0)

    def _ids(self) -> Any:  # a column of whatever type the id has
        columns = self.statement.order_by(None).subquery().c
        if len(columns) != 1:
            raise ConfigurationError(
                f"eligible() must select one column, the id; it selects {len(columns)}."
            )
        return columns[0]


@dataclass(frozen=True, slots=True)
class FamilySource:
    """The family's own ``page`` and ``count``."""

    bound: BoundFamily
    pages: Async
    params: BaseModel
    ctx: Context

    async def page(self, cursor: str | None, size: int) -> Page:
        page: Page = await self.pages(cursor, size, self.params, self.ctx)
        if page.next_cursor is not None and len(page.next_cursor) > LONGEST_POSITION:
            raise ConfigurationError(
                f"page() answered a cursor of {len(page.next_cursor)} characters; a message's id"
                f" has room for {LONGEST_POSITION}. Keep what is long in Redis, under a short key."
            )
        return Page([checked_id(item_id) for item_id in page.ids], page.next_cursor)

    async def count(self) -> int | None:
        count: int | None = await self.bound.count(self.params, self.ctx)
        return count


@dataclass(frozen=True, slots=True)
class ListSource:
    """Ids that the caller named, sorted. The cursor is the last id, as JSON."""

    ids: Sequence[str]

    async def page(self, cursor: str | None, size: int) -> Page:
        last = None if cursor is None else json.loads(cursor)
        rest = [item_id for item_id in self.ids if last is None or item_id > last]
        more = len(rest) > size
        return Page(rest[:size], _position(rest[size - 1]) if more else None)

    async def count(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A list of ids that the caller made before. The cursor is the last id, as JSON."""

    database: AsyncEngine
    list_id: str

    async def page(self, cursor: str | None, size: int) -> Page:
        after_id = None if cursor is None else json.loads(cursor)
        async with reading(self.database) as connection:
            ids = await item_lists.page(connection, self.list_id, after_id=after_id, limit=size + 1)
        more = len(ids) > size
        return Page(ids[:size], _position(ids[size - 1]) if more else None)

    async def count(self) -> int:
        async with reading(self.database) as connection:
            return await item_lists.count(connection, self.list_id)


@dataclass(frozen=True, slots=True)
class RetrySource:
    """Items of an earlier run. The cursor is the last id, as JSON."""

    database: AsyncEngine
    run_id: str
    which: Which

    async def page(self, cursor: str | None, size: int) -> Page:
        after_id = None if cursor is None else json.loads(cursor)
        async with reading(self.database) as connection:
            ids = await failures.page_of_chosen(
                connection, self.run_id, self.which, after_id=after_id, limit=size + 1
            )
        more = len(ids) > size
        return Page(ids[:size], _position(ids[size - 1]) if more else None)

    async def count(self) -> int:
        async with reading(self.database) as connection:
            return await failures.count_chosen(connection, self.run_id, self.which)


async def unprocessed(
    bound: BoundFamily, ids: Sequence[str], params: BaseModel, ctx: Context
) -> list[str]:
    """The ids that have no result yet, in their order."""
    if not ids or not bound.filters:
        return list(ids)
    existing: Collection[str] = await bound.existing(ids, params, ctx)
    present = set(existing)
    return [item_id for item_id in ids if item_id not in present]


def _position(last: object) -> str:
    return json.dumps(last, default=str, ensure_ascii=False)


def checked_id(item_id: str) -> str:
    """
    Raises:
        ConfigurationError: an id that could not stand in a message's id.
    """
    if not 0 < len(item_id) <= MAX_ITEM_ID or "\0" in item_id:
        raise ConfigurationError(
            f"An item id has 1 to {MAX_ITEM_ID} characters and no NUL; {item_id[:40]!r} does not."
        )
    return item_id


def _is_uuid(column: Any) -> bool:  # see SqlSource._ids
    return column.type.python_type is UUID
