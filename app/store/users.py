"""Users: written by email, counted, and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Boolean, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.store.tables import User, WelcomePlaceholder

_USER = User.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_REPLACED = ("name", "locale", "interests", "active", "paid")


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows a write made, and how many it found there by their email."""

    new: int
    updated: int


async def upsert(tx: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> Written:
    """Write users by email, which is compared as it stands. No email may stand twice in ``rows``.

    A user who is there keeps their id and the time at which they were made.
    """
    if not rows:
        return Written(0, 0)
    statement = insert(_USER)
    statement = statement.on_conflict_do_update(
        index_elements=["email"],
        set_={name: statement.excluded[name] for name in _REPLACED},
    )
    # A row version that was just inserted has never been locked or replaced: its xmax is 0.
    fresh = literal_column("xmax = 0", Boolean)
    answer = await tx.execute(statement.returning(fresh), [dict(row) for row in rows])
    new = sum(answer.scalars())
    return Written(new, len(rows) - new)


async def count(tx: AsyncConnection) -> int:
    return (await tx.execute(select(func.count()).select_from(_USER))).scalar_one()


async def people(tx: AsyncConnection, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Name and locale, by id; an id that is not there is left out."""
    found = await tx.execute(
        select(col(User.id), col(User.name), col(User.locale)).where(col(User.id).in_(ids))
    )
    return {row[0]: (row[1], row[2]) for row in found}


async def count_placeholders(tx: AsyncConnection) -> int:
    """How many users have a welcome placeholder."""
    return (await tx.execute(select(func.count()).select_from(WelcomePlaceholder))).scalar_one()
