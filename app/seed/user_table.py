"""Users: written by email, counted, and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.models.user import User, WelcomePlaceholder
from app.seed import upserts
from app.seed.upserts import Written

_USER = User.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_REPLACED = ("name", "locale", "interests", "active", "paid")


async def upsert(tx: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> Written:
    """Write users by email, which is compared as it stands. No email may stand twice in ``rows``.

    A user who is there keeps their id and the time at which they were made.
    """
    return await upserts.upsert(tx, _USER, rows, key=["email"], replaced=_REPLACED)


async def count(tx: AsyncConnection) -> int:
    return (await tx.execute(select(func.count()).select_from(_USER))).scalar_one()


async def ids_by_email(tx: AsyncConnection, emails: Sequence[str]) -> dict[str, str]:
    """An email that nobody has is left out."""
    found = await tx.execute(
        select(col(User.email), col(User.id)).where(col(User.email).in_(emails))
    )
    return {row[0]: row[1] for row in found}


async def people(tx: AsyncConnection, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Name and locale, by id; an id that is not there is left out."""
    found = await tx.execute(
        select(col(User.id), col(User.name), col(User.locale)).where(col(User.id).in_(ids))
    )
    return {row[0]: (row[1], row[2]) for row in found}


async def count_placeholders(tx: AsyncConnection) -> int:
    """How many users have a welcome placeholder."""
    return (await tx.execute(select(func.count()).select_from(WelcomePlaceholder))).scalar_one()
