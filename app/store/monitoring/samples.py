"""How runs stood over time: samples of their counters, few enough to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables.monitoring import RunSample
from app.store.tables.runs import Run

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_SAMPLE = RunSample.__table__  # type: ignore[attr-defined]

COUNTERS = (
    "scheduled", "succeeded", "skipped", "failed", "timed_out", "cancelled", "suspended", "work_ms",
)  # fmt: skip
MOST = 500
"""Samples of a run."""
_FRESH = 100
"""Of the latest none is ever thinned out."""
_OLD = 300
"""How many the others are thinned to, spread evenly over the run's time."""
MOST_RUNS = 10_000

# One of each stretch of time is kept, the earliest. Stretches are of whole powers of two, so that
# those of one pass lie within those of the next, and what is kept stays even. Without a join: one
# that is planned for a few samples takes minutes over some ten thousand.
_THIN = text("""
    WITH s AS (
        SELECT ctid, at, row_number() OVER (ORDER BY at DESC) AS age
        FROM sluice.run_sample WHERE run_id = :run
    ), old AS (
        SELECT ctid, at, power(2, ceil(log(2, greatest(
            extract(epoch FROM max(at) OVER () - min(at) OVER ()) / :old, 0.001)::numeric)))
            AS seconds
        FROM s WHERE age > :fresh
    ), ranked AS (
        SELECT ctid, row_number() OVER (
            PARTITION BY floor(extract(epoch FROM at) / seconds) ORDER BY at) AS number
        FROM old
    )
    DELETE FROM sluice.run_sample
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM ranked WHERE number > 1))
""")


@dataclass(frozen=True, slots=True)
class Sample:
    """A row of ``RunSample``, without what makes a row slow to build: a run has hundreds."""

    at: datetime
    scheduled: int
    succeeded: int
    skipped: int
    failed: int
    timed_out: int
    cancelled: int
    suspended: int
    work_ms: int


_COLUMNS = [_SAMPLE.c.at, *(_SAMPLE.c[name] for name in COUNTERS)]


async def unfinished(tx: AsyncConnection) -> tuple[datetime, dict[str, tuple[int, ...]]] | None:
    """The moment, and by run how ``COUNTERS`` stand; None: there is no such run."""
    query = select(func.now(), _RUN.c.id, *(_RUN.c[name] for name in COUNTERS))
    query = query.where(_RUN.c.finished_at.is_(None), _RUN.c.scheduled > 0).limit(MOST_RUNS)
    rows = (await tx.execute(query)).all()
    return (rows[0][0], {row[1]: tuple(row[2:]) for row in rows}) if rows else None


async def add(tx: AsyncConnection, stands: Sequence[tuple[str, datetime, tuple[int, ...]]]) -> None:
    """Each a run, a moment, and how ``COUNTERS`` stood."""
    rows = [
        {"run_id": run_id, "at": at, **dict(zip(COUNTERS, values, strict=True))}
        for run_id, at, values in stands
    ]
    if rows:
        await tx.execute(insert(_SAMPLE).on_conflict_do_nothing(), rows)


async def thin(tx: AsyncConnection, run_id: str) -> None:
    """Leave at most ``MOST`` of its samples, the more of them the younger they are."""
    await tx.execute(_THIN, {"run": run_id, "fresh": _FRESH, "old": _OLD})


async def numbers(tx: AsyncConnection, run_ids: Sequence[str]) -> dict[str, int]:
    """How many samples there are of each of these runs."""
    query = select(_SAMPLE.c.run_id, func.count()).where(_SAMPLE.c.run_id.in_(run_ids))
    return {row[0]: row[1] for row in await tx.execute(query.group_by(_SAMPLE.c.run_id))}


async def of_run(tx: AsyncConnection, run_id: str) -> list[Sample]:
    """The oldest first."""
    query = select(*_COLUMNS).where(_SAMPLE.c.run_id == run_id).order_by(_SAMPLE.c.at)
    return [Sample(*row) for row in await tx.execute(query.limit(2 * MOST))]


async def prune(tx: AsyncConnection, run_id: str) -> None:
    await tx.execute(delete(_SAMPLE).where(_SAMPLE.c.run_id == run_id))
