"""How a run went: its counters over time."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from fastapi import Depends
from pydantic import Field

from app.api.dependencies import RunIdInPath, State, bearer
from app.api.routing import Router
from app.schemas.base import Answer, View
from app.store.database import reading
from app.store.monitoring import samples
from app.store.runs import events, runs
from app.workflows.monitoring.run_timeline import TimelinePoint, timeline

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])


class PointView(View):
    at: datetime
    scheduled: int
    succeeded: int
    skipped: int
    failed: int
    timed_out: int
    cancelled: int
    suspended: int
    items_per_second: float | None = Field(
        description="that ended, since the point before; of the time in which it was not paused"
    )
    mean_ms: float | None = Field(description="of work of an item that ended since then")

    @classmethod
    def of(cls, point: TimelinePoint) -> Self:
        sample = point.sample
        return cls(
            at=sample.at,
            scheduled=sample.scheduled,
            succeeded=sample.succeeded,
            skipped=sample.skipped,
            failed=sample.failed,
            timed_out=sample.timed_out,
            cancelled=sample.cancelled,
            suspended=sample.suspended,
            items_per_second=point.items_per_second,
            mean_ms=point.mean_ms,
        )


class HistoryAnswer(Answer):
    points: list[PointView]


@router.get("/{run_id}/history")
async def get_history(run_id: RunIdInPath, state: State) -> HistoryAnswer:
    """The run's progress over time, the oldest first, some 500 points at most: its beginning,
    samples, and the present."""
    async with reading(state.database) as connection:
        sampled = await samples.of_run(connection, run_id)
        pauses = await events.pauses(connection, run_id)
        now, run = await runs.get_now(connection, run_id)
    points = timeline(run, sampled, pauses, now)
    return HistoryAnswer(points=[PointView.of(point) for point in points])
