"""What items took in a family's earlier runs: what estimates are made from."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables.runs import Run

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
# Made once: to put a statement together takes as long as to run it.
_JUDGED = _RUN.c.succeeded + _RUN.c.failed + _RUN.c.timed_out
_EARLIER = (
    select(_RUN.c.work_ms, _RUN.c.spent_usd, _RUN.c.spent_tokens, _JUDGED.label("ended"))
    .where(_RUN.c.family == bindparam("family"), _RUN.c.finished_at.is_not(None), _JUDGED > 0)
    .where(_RUN.c.parent_run.is_(None) | _RUN.c.parent_item.is_not(None))  # a finish is no item
    .order_by(_RUN.c.id.desc())
    .limit(bindparam("latest"))
    .subquery()
)
_SUMS = select(*(func.sum(column) for column in _EARLIER.c))


@dataclass(frozen=True, slots=True)
class Averages:
    """What one item took in earlier runs: seconds of work, and what it spent."""

    seconds: float
    usd: float
    tokens: float


async def averages(tx: AsyncConnection, family: str, *, latest: int = 5) -> Averages | None:
    """Over the family's latest ended runs; None: there is no such run."""
    row = (await tx.execute(_SUMS, {"family": family, "latest": latest})).one()
    if row[3] is None:
        return None
    work_ms, usd, tokens, items = (float(value) for value in row)
    return Averages(work_ms / items / 1000, usd / items, tokens / items)
