"""How many items of a run each partition has, where partitions have limits: what is slowest of a
run is often one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Text, cast, func, select, text, type_coerce

from app.connections.faults import OUT_OF_TIME, sqlstate
from app.workflows.contract.context import Context
from app.workflows.contract.exceptions import FamilyFailed
from app.workflows.contract.parts.page import Page
from app.workflows.item_partitions import partitions_of
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.sources.item_ids import checked_partition
from app.workflows.sources.item_source import Source
from app.workflows.sources.sql_source import AsGiven, SqlSource, columns_of, required

MOST = 100_000
"""Partitions whose items are counted: some 15 MB."""
LONGEST = 2**31 - 1
"""Milliseconds, as Postgres takes them."""
# No longer than the connection's own limit, which an operator may have set.
_WITHIN = text("""
    SELECT set_config(name, least(nullif(setting::int, 0), CAST(:milliseconds AS int))::text, true)
    FROM pg_settings WHERE name = 'statement_timeout'
""")


@dataclass(frozen=True, slots=True)
class PartitionSizes:
    """``by_name``: how many items to process each partition has; those without one are left out.
    Not ``exact``: a partition may have more, or be missing."""

    by_name: Mapping[str, int]
    exact: bool = True


async def partition_sizes(
    source: SqlSource, limit: int | None, seconds: float, *, most: int = MOST
) -> PartitionSizes:
    """Of all that the source selects, or of the first ``limit`` ids, by one statement.

    Args:
        seconds: that it may take, if the connection's own limit is not shorter; past them nothing
            is known.
        most: partitions that are counted, the largest.

    Raises:
        SourceMisused: a partition is too long, or the source selects none.
    """
    query = _query(source, limit).limit(most + 1)
    milliseconds = int(max(1, min(seconds * 1000, LONGEST)))
    async with source.database.connect() as connection:
        try:
            await connection.execute(_WITHIN, {"milliseconds": milliseconds})
            with told(source.family, "eligible()"):
                rows = (await connection.execute(query)).all()
        except FamilyFailed as failed:
            if sqlstate(failed.raised) != OUT_OF_TIME:
                raise
            return PartitionSizes({}, exact=False)
        finally:
            await connection.rollback()
    items = {checked_partition(name): int(number) for name, number in rows[:most]}
    return PartitionSizes(items, exact=len(rows) <= most)


def _query(source: SqlSource, limit: int | None) -> Any:  # of whatever type the id has
    column, names = columns_of(source.statement)
    place = type_coerce(column, AsGiven())
    # As a page says it: of an id that is selected with several, the first by the alphabet.
    name = func.min(cast(required(names, source.family), Text)).label("name")
    each: Any = select(place.label("id"), name).group_by(place)
    if limit is not None:
        each = each.order_by(place).limit(limit)
    found = each.subquery().c.name
    number = func.count()
    query = select(found, number).where(found != "").group_by(found)
    return query.order_by(number.desc(), found)


class PartitionTally:
    """Of what is streamed, id by id.

    ``source``: of those pages. A SELECT gives the partitions with the ids, which takes a fifth of
    the time of asking for them.
    """

    def __init__(
        self,
        bound: BoundFamily,
        source: Source,
        params: BaseModel,
        ctx: Context,
        *,
        most: int = MOST,
    ) -> None:
        self._most = most
        self._asked = bound, params, ctx
        self._items: Counter[str] = Counter()
        self._seen = self._left_out = 0
        self._pages = _NamedPages.of(source) if isinstance(source, SqlSource) else None
        self.source = source if self._pages is None else self._pages

    async def add(self, page: Sequence[str], ids: Sequence[str]) -> None:
        """Count these ids of a page of the source's."""
        if self._pages is None:
            bound, params, ctx = self._asked
            of: Mapping[str, str] = await partitions_of(bound, params, ctx, ids)
        else:
            of = {one: self._pages.names.pop(one) for one in page}
        self._seen += len(ids)
        for name, number in Counter(of[one] for one in ids).items():
            if not name:
                continue
            if name in self._items or len(self._items) < self._most:
                self._items[name] += number
            else:
                self._left_out += number

    def sizes(self, to_process: int | None) -> PartitionSizes:
        """
        Args:
            to_process: of how many items in all; None: nobody knows.
        """
        whole = self._seen == to_process and not self._left_out
        return PartitionSizes(self._items, exact=whole)


@dataclass(slots=True)
class _NamedPages(SqlSource):
    """``names``: by id, the partitions of the items of pages that were read."""

    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, source: SqlSource) -> _NamedPages:
        return cls(source.database, source.statement, source.family)

    async def page(self, cursor: str | None, size: int) -> Page:
        page, of = await self.page_with_partitions(cursor, size)
        self.names.update(of)
        return page
