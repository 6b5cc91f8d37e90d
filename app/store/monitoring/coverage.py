"""How many of a family's eligible had a result, day by day."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Date, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables.monitoring import Coverage

_COVERAGE = Coverage.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_TODAY = cast(func.timezone("UTC", func.now()), Date)


@dataclass(frozen=True, slots=True)
class CoverageRecord:
    eligible: int
    with_result: int
    exact: bool


async def record(tx: AsyncConnection, family: str, covered: CoverageRecord) -> None:
    """Record it for the present day, in place of what was recorded before."""
    values = {
        "eligible": covered.eligible,
        "with_result": covered.with_result,
        "exact": covered.exact,
        "recorded_at": func.now(),
    }
    await tx.execute(
        insert(_COVERAGE)
        .values(family=family, day=_TODAY, **values)
        .on_conflict_do_update(index_elements=["family", "day"], set_=values)
    )


async def days(tx: AsyncConnection, family: str) -> list[Coverage]:
    """The last 90 days, the oldest first; a day on which nothing was recorded is left out."""
    query = select(_COVERAGE).where(_COVERAGE.c.family == family, _COVERAGE.c.day > _TODAY - 90)
    return [Coverage(**row._mapping) for row in await tx.execute(query.order_by(_COVERAGE.c.day))]


async def due(tx: AsyncConnection) -> list[str]:
    """Families of which something was recorded within 90 days, and nothing today."""
    query = (
        select(_COVERAGE.c.family)
        .where(_COVERAGE.c.day > _TODAY - 90)
        .group_by(_COVERAGE.c.family)
        .having(func.max(_COVERAGE.c.day) < _TODAY)
    )
    return list((await tx.scalars(query.order_by(_COVERAGE.c.family))).all())
