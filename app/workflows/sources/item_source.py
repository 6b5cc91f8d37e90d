"""Where a run's ids come from, always by page and cursor, whatever stands behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.database import reading
from app.store.items import failures, item_lists
from app.store.items.failures import RetrySelection
from app.store.tables.base import Json
from app.workflows.contract.context import Context
from app.workflows.contract.parts.page import Page
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.registry.typed_ids import Async
from app.workflows.sources.errors import SourceMisused
from app.workflows.sources.item_ids import checked_ids, ids_answered
from app.workflows.sources.loop_detection import Course
from app.workflows.sources.sql_source import SqlSource

LONGEST_POSITION = 1_000
"""Characters of a family's own cursor."""


class Source(Protocol):
    @property
    def repeats(self) -> bool:
        """Whether pages may hold an id that another page held."""

    @property
    def fixed(self) -> bool:
        """Whether its ids are the same whenever they are read."""

    async def page(self, cursor: str | None, size: int) -> Page:
        """At most ``size`` ids after ``cursor``, in a fixed order."""

    async def count(self) -> int | None:
        """How many ids there are in all; None if that is not known."""


class ItemSelection(Protocol):
    """What a run, or a request for one, says of which items it is for; a run's row is one."""

    @property
    def item_ids(self) -> Sequence[str] | None:
        """Exactly these ids; None: the eligible ones."""

    @property
    def item_list(self) -> str | None: ...
    @property
    def retry_of(self) -> str | None: ...
    @property
    def retry(self) -> Json | None: ...


def source_of(
    bound: BoundFamily, params: BaseModel, ctx: Context, selection: ItemSelection
) -> Source:
    if selection.retry_of is not None:
        which = RetrySelection.model_validate(selection.retry or {})
        return RetrySource(ctx.services.database, selection.retry_of, which)
    if selection.item_ids is not None:
        return ListSource(tuple(sorted(set(selection.item_ids))))
    if selection.item_list is not None:
        return StoredSource(ctx.services.database, selection.item_list)
    if bound.pages is not None:
        return FamilySource(bound, bound.pages, params, ctx)
    with told(bound.name, "eligible()"):
        statement = bound.family.eligible(params)
    return SqlSource(ctx.services.database, statement, bound.name)


@dataclass(frozen=True, slots=True)
class FamilySource:
    """The family's own ``page`` and ``count``. The cursor is the family's, with its course."""

    bound: BoundFamily
    pages: Async
    params: BaseModel
    ctx: Context
    repeats: ClassVar[bool] = True
    fixed: ClassVar[bool] = False

    async def page(self, cursor: str | None, size: int) -> Page:
        """
        Raises:
            SourceMisused: what ``page`` answered is no page.
            SourceBroken: its pages would never end.
        """
        course = Course.read(cursor)
        with told(self.bound.name, "page()"):
            answer: object = await self.pages(course.cursor, size, self.params, self.ctx)
        if not isinstance(answer, Page):
            raise SourceMisused(f"page() must answer a Page; it answered {repr(answer)[:60]}.")
        _check_cursor(answer.next_cursor)
        ids = checked_ids(list(answer.ids), "page()")
        page = Page(ids, answer.next_cursor)
        after = course.behind(page, most_same=self.bound.family.most_empty_pages)
        # Each id once: a limit counts them.
        return Page(list(dict.fromkeys(ids)), after.position())

    async def count(self) -> int | None:
        with told(self.bound.name, "count()"):
            count: int | None = await self.bound.count(self.params, self.ctx)
        return count


@dataclass(frozen=True, slots=True)
class ListSource:
    """Ids that the caller named, sorted. The cursor is the last id, as JSON."""

    ids: Sequence[str]
    repeats: ClassVar[bool] = False
    fixed: ClassVar[bool] = True

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
    repeats: ClassVar[bool] = False
    fixed: ClassVar[bool] = True

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
    which: RetrySelection
    repeats: ClassVar[bool] = False
    fixed: ClassVar[bool] = True

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


async def pages_of(source: Source, size: int) -> AsyncGenerator[Page, None]:
    """All of its pages; the last one has no cursor. Of a SELECT the next one is read while the
    caller is busy with the one that it has."""
    page = await source.page(None, size)
    while page.next_cursor is not None:
        if not isinstance(source, SqlSource):  # whose pages somebody else's code may answer
            yield page
            page = await source.page(page.next_cursor, size)
            continue
        coming = asyncio.create_task(source.page(page.next_cursor, size))
        try:
            yield page
            page = await coming
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
    yield page


@dataclass(frozen=True, slots=True)
class Unprocessed:
    """Ids that have no result yet, in their order. ``stale``: how many of these have one that does
    not count any more; None: the family does not tell."""

    ids: list[str]
    stale: int | None = None


async def unprocessed(
    bound: BoundFamily, ids: Sequence[str], params: BaseModel, ctx: Context
) -> Unprocessed:
    if bound.memory is not None:
        if not ids:
            return Unprocessed([], stale=0)
        found = await bound.memory.look_up(ids, bound.params_key(params))
        done = set(found.present)
        return Unprocessed([i for i in ids if i not in done], stale=len(found.stale))
    if not ids or not bound.filters:
        return Unprocessed(list(ids))
    with told(bound.name, "existing()"):
        present = ids_answered(await bound.existing(ids, params, ctx))
    return Unprocessed([item_id for item_id in ids if item_id not in present])


async def without_result(
    bound: BoundFamily, ids: Sequence[str], params: BaseModel, ctx: Context
) -> list[str]:
    """The ids that have no result yet, in their order."""
    return (await unprocessed(bound, ids, params, ctx)).ids


def _check_cursor(cursor: object) -> None:
    if cursor is None:
        return
    if not isinstance(cursor, str) or "\0" in cursor:
        raise SourceMisused(
            f"page() answered the cursor {repr(cursor)[:60]}. A cursor is text without NUL, or None"
            " at the end."
        )
    if len(cursor) > LONGEST_POSITION:
        raise SourceMisused(
            f"page() answered a cursor of {len(cursor)} characters; a message's id has room for"
            f" {LONGEST_POSITION}. Keep what is long in Redis, under a short key."
        )


def _position(last: str) -> str:
    return json.dumps(last, ensure_ascii=False)
