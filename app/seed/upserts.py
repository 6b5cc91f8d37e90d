"""Writing rows by a key of their own, so that writing them again changes no id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Boolean, Table, literal_column
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows a write made, and how many it found there by their key."""

    new: int
    updated: int


async def upsert(
    tx: AsyncConnection,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    key: Sequence[str],
    replaced: Sequence[str],
) -> Written:
    """Write ``rows``; in those that are there, only the columns ``replaced``.

    Args:
        key: the columns of a unique index. No key may stand twice in ``rows``.
    """
    if not rows:
        return Written(0, 0)
    statement = insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=key,
        set_={name: statement.excluded[name] for name in replaced},
    )
    # A row version that was just inserted has never been locked or replaced: its xmax is 0.
    fresh = literal_column("xmax = 0", Boolean)
    answer = await tx.execute(statement.returning(fresh), [dict(row) for row in rows])
    new = sum(answer.scalars())
    return Written(new, len(rows) - new)
