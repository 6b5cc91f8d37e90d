"""What the service as a whole is doing: few numbers, and none that reads an item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.runs.runs import ENDED_ITEMS
from app.store.statuses import RunStatus
from app.store.tables.runs import Run

_RUN = Run.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_MOVING = (RunStatus.RUNNING, RunStatus.CANCELLING)
PACE_OVER = timedelta(seconds=10)
"""At the least: a shorter time tells more of chance than of pace."""
MOST_RUNS = 1_000

# From the latest sample that is old enough; or from when it went on, because what it did before a
# pause is no part of how fast it is: neither the time nor the items.
_PACES = text(f"""
    SELECT run.id, greatest({ENDED_ITEMS} - CASE WHEN former.at >= run.active_since
                                            THEN former.ended ELSE run.judged_from END, 0)
        / greatest(extract(epoch FROM now() - greatest(former.at, run.active_since)), 1)
    FROM sluice.run LEFT JOIN LATERAL (
        SELECT s.at, s.succeeded + s.skipped + s.failed + s.cancelled + s.timed_out AS ended
        FROM sluice.run_sample s
        WHERE s.run_id = run.id AND s.at <= now() - CAST(:over AS interval)
        ORDER BY s.at DESC LIMIT 1
    ) AS former ON true
    WHERE run.finished_at IS NULL AND run.active_since IS NOT NULL
    ORDER BY run.id DESC LIMIT :most
""")  # noqa: S608
_FAILURES = text("""
    SELECT sum(greatest(run.failed + run.timed_out - coalesce(former.failed, 0), 0))
    FROM sluice.run LEFT JOIN LATERAL (
        SELECT s.failed + s.timed_out AS failed FROM sluice.run_sample s
        WHERE s.run_id = run.id AND s.at <= now() - CAST(:within AS interval)
          -- Of many short runs nothing need be looked for.
          AND run.created_at < now() - CAST(:within AS interval)
        ORDER BY s.at DESC LIMIT 1
    ) AS former ON true
    WHERE (run.finished_at IS NULL OR run.finished_at > now() - CAST(:within AS interval))
      AND run.failed + run.timed_out > 0
""")
_WAITING = text("""
    SELECT count(*) FILTER (WHERE status = 'paused' AND reason = 'approval'),
           coalesce(sum(suspended), 0)
    FROM sluice.run WHERE finished_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class SuspendedCount:
    """Runs that wait for an approval, and items that wait, over all runs."""

    approval: int
    suspended: int


async def active_runs(tx: AsyncConnection, *, limit: int) -> list[Run]:
    """Runs that have not ended and are no step's children: those that progress first, then the
    newest."""
    query = (
        select(_RUN)
        .where(_RUN.c.finished_at.is_(None), _RUN.c.parent_run.is_(None))
        .order_by(case((_RUN.c.status.in_(_MOVING), 0), else_=1), _RUN.c.id.desc())
        .limit(limit)
    )
    return [Run(**row._mapping) for row in await tx.execute(query)]


async def paces(tx: AsyncConnection) -> dict[str, float]:
    """Items a second of each run that runs: how many ended, over the last ten seconds or more."""
    rows = await tx.execute(_PACES, {"over": PACE_OVER, "most": MOST_RUNS})
    return {row[0]: float(row[1] or 0) for row in rows}


async def failures(tx: AsyncConnection, *, within: timedelta) -> int:
    """Items that failed in that time until now, as exactly as samples lie densely."""
    return int(await tx.scalar(_FAILURES, {"within": within}) or 0)


async def waiting(tx: AsyncConnection) -> SuspendedCount:
    row = (await tx.execute(_WAITING)).one()
    return SuspendedCount(int(row[0]), int(row[1]))
