"""Ids by keyset paging over a SELECT: every row that it selects, or a sentence why not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlalchemy import Select, TableSample, Text, TypeDecorator, cast, func, or_, type_coerce
from sqlalchemy.dialects.postgresql.ext import DistinctOnClause
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql import visitors
from sqlalchemy.types import UserDefinedType
from sqlmodel import select

from app.store.database import reading
from app.workflows.contract.parts.page import Page
from app.workflows.keys import CONTROLS, MAX_ITEM_ID
from app.workflows.registry.family_call import told
from app.workflows.sources.errors import SourceMisused
from app.workflows.sources.item_ids import checked_id, checked_ids, checked_partition

TEXTS = frozenset({"text", "character varying", "character", "citext", "name"})
KNOWN_TYPES = TEXTS | {"smallint", "integer", "bigint", "uuid"}
"""What Postgres orders as we compare it, and gives as the id that the family knows."""


class AsGiven(UserDefinedType[Any]):
    """Whatever Postgres gives and takes. A parameter of this type is sent without a cast, so that
    Postgres takes it for what it is compared with, and an index is used."""

    cache_ok = True


@dataclass(slots=True)
class SqlSource:
    """The cursor is the last id, as JSON. An id that is selected twice counts once."""

    database: AsyncEngine
    statement: Select[Any]
    family: str = "the family"
    _both: Any = field(default=None, init=False)  # of whatever type the id has
    repeats: ClassVar[bool] = False
    fixed: ClassVar[bool] = False

    async def page(self, cursor: str | None, size: int) -> Page:
        """
        Raises:
            SourceMisused: see ``count``; the types are looked at there alone.
        """
        rows, following = await self._rows(self.page_query(cursor, size), size)
        return Page(_ids(row[-1] for row in rows), following)

    async def page_with_partitions(
        self, cursor: str | None, size: int
    ) -> tuple[Page, Mapping[str, str]]:
        """The same, and by id what the second column says; empty: NULL.

        Raises:
            SourceMisused: as ``page``; or there is no such column, or a partition is too long.
        """
        query = self.page_query(cursor, size, partitioned=True)
        rows, following = await self._rows(query, size)
        names = (checked_partition(row[-1]) for row in rows)
        of = dict(zip(_ids(row[-2] for row in rows), names, strict=True))
        return Page(list(of), following), of

    async def _rows(self, query: Any, size: int) -> tuple[Sequence[Any], str | None]:
        async with reading(self.database) as connection:
            with told(self.family, "eligible()"):
                rows = list((await connection.execute(query)).all())
        more = len(rows) > size
        rows = rows[:size]
        if any(row[0] is None for row in rows):
            raise _null()
        return rows, _position(rows[-1][0]) if more else None

    def page_query(self, cursor: str | None, size: int, *, partitioned: bool = False) -> Any:
        """What ``page`` asks, of whatever type the id has: one row more than it answers, so that it
        knows whether that is all.

        Args:
            partitioned: with the partition in the last place: of an id that is selected with
                several, the first by the alphabet.

        Raises:
            SourceMisused: see ``count``.
        """
        column, names = self._columns()
        place = type_coerce(column, AsGiven())
        query: Any = select(place).order_by(place).limit(size + 1)
        if isinstance(column.type, TypeDecorator):
            query = query.add_columns(column)  # the id as the family's models know it
        if partitioned:
            first = func.min(cast(required(names, self.family), Text))
            query = query.add_columns(first).group_by(place)
        else:
            query = query.distinct()
        if cursor is not None:
            query = query.where(place > json.loads(cursor))
        return query

    async def count(self) -> int:
        """
        Raises:
            SourceMisused: what the SELECT says cannot be kept from page to page, or some of what it
                selects cannot be an id.
        """
        column, _ = self._columns()
        async with reading(self.database) as connection:
            with told(self.family, "eligible()"):
                return await self._count(connection, column)

    async def _count(self, connection: AsyncConnection, column: Any) -> int:
        kind = await connection.scalar(
            select(cast(func.pg_typeof(select(column).limit(0).scalar_subquery()), Text))
        )
        if kind not in KNOWN_TYPES:
            raise SourceMisused(
                f"eligible() selects ids of the type {kind}. An id is text, a whole number or a"
                " UUID: select cast(column, Text), and take that in load() and existing()."
            )
        ids = select(type_coerce(column, AsGiven()).label("id")).distinct().subquery()
        printed = func.format("%s", ids.c.id)
        query: Any = select(func.count(), func.count(ids.c.id)).select_from(ids)
        if kind in TEXTS:
            query = query.add_columns(func.min(printed).filter(_unfit(printed, kind)))
        total, present, *unfit = tuple((await connection.execute(query)).one())
        if present < total:
            raise _null()
        for item_id in unfit:
            if item_id is not None:
                _refuse(str(item_id))
        return int(total)

    def _columns(self) -> Any:  # of whatever type the id has
        if self._both is None:  # once: it takes milliseconds
            self._both = columns_of(self.statement)
        return self._both


def columns_of(statement: Any) -> tuple[Any, Any]:
    """The id and the partition, as columns of a subquery; None: it selects no partition.

    Raises:
        SourceMisused: it is no statement that pages can go by.
    """
    require_steady(statement)
    columns = list(statement.subquery().c)
    if len(columns) not in (1, 2):
        raise SourceMisused(
            "eligible() must select one column, the id, or two: the id and its partition. It"
            f" selects {len(columns)}."
        )
    return columns[0], columns[1] if len(columns) == 2 else None


def required(partition: Any, family: str) -> Any:
    """
    Raises:
        SourceMisused: there is none.
    """
    if partition is None:
        raise SourceMisused(
            f"eligible() selects no second column, and {family} limits each partition of its"
            " items. Select the partition beside the id."
        )
    return partition


def require_steady(statement: Any) -> None:
    """
    Raises:
        SourceMisused: the statement says something that paging by id would not keep.
    """
    if not hasattr(statement, "order_by"):
        raise SourceMisused(
            f"eligible() must answer a select(); it answered {type(statement).__name__}."
        )
    # `compare` is how SQLAlchemy tells publicly what a statement holds.
    if not statement.compare(statement.limit(None).offset(None).fetch(None)):
        raise SourceMisused(
            "eligible() has a LIMIT or OFFSET, under which other rows come with each page, because"
            " rows that are done make room. Leave it out, and give the run a limit."
        )
    # SQLAlchemy has no public name for what says this, nor for DISTINCT ON.
    if getattr(statement, "_for_update_arg", None) is not None:
        raise SourceMisused(
            "eligible() has FOR UPDATE, whose locks end with each page. Leave it out: Sluice gives"
            " no item to two workers."
        )
    chooses = isinstance(getattr(statement, "_pre_columns_clause", None), DistinctOnClause)
    if not (chooses or getattr(statement, "_distinct_on", None) or _by_id(statement)):
        raise SourceMisused(
            "eligible() has an ORDER BY, and pages go by the id: a run would not keep your order."
            " Leave it out; for an order of your own, write page()."
        )
    for part in visitors.iterate(statement):
        sampled = isinstance(part, TableSample) and part.seed is None
        if sampled or getattr(part, "name", None) == "random":
            raise SourceMisused(
                "eligible() draws rows at random, others with each page. Choose them by what stays:"
                " TABLESAMPLE with a seed, or a digest of the id."
            )


def _by_id(statement: Any) -> bool:
    """Whether it has no order, or the one in which pages come anyway."""
    bare = statement.order_by(None)
    if statement.compare(bare):
        return True
    ids = list(statement.selected_columns)[:1]
    return any(statement.compare(bare.order_by(order)) for one in ids for order in (one, one.asc()))


def _unfit(printed: Any, kind: str) -> Any:
    faults = [~func.length(printed).between(1, MAX_ITEM_ID), printed.regexp_match(CONTROLS)]
    if kind == "character":
        faults.append(printed.like("% "))
    return or_(*faults)


def _refuse(item_id: str) -> None:
    checked_id(item_id)
    raise SourceMisused(
        f"eligible() gives {item_id[:40]!r}, which its type character(n) fills up with blanks."
        " Select cast(column, Text), and take that in load() and existing()."
    )


def _null() -> SourceMisused:
    return SourceMisused(
        "eligible() gives rows whose id is NULL. Leave them out, by .where(column.is_not(None))."
    )


def _ids(given: Iterable[object]) -> list[str]:
    return checked_ids(list(given), "eligible()")


def _position(last: object) -> str:
    return json.dumps(last, default=str, ensure_ascii=False)
