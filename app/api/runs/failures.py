"""What failed in a run, grouped by what the errors say."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from fastapi import Depends
from pydantic import Field

from app.api.dependencies import State, bearer
from app.api.routing import Router
from app.schemas.base import Answer, View
from app.schemas.runs import RunIdInPath
from app.store.database import reading
from app.store.items import failures
from app.store.items.failures import Group
from app.store.runs import runs
from app.workflows.failures.fingerprint import group_id

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])


class FailureView(View):
    group: str = Field(description="to retry these items by")
    error_class: str
    message: str = Field(description="without what differs from item to item")
    count: int
    first_at: datetime
    last_at: datetime
    samples: list[str] = Field(description="a few item ids")

    @classmethod
    def of(cls, group: Group) -> Self:
        return cls(
            group=group_id(group.error_class, group.error_group),
            error_class=group.error_class,
            message=group.error_group,
            count=group.count,
            first_at=group.first_at,
            last_at=group.last_at,
            samples=group.samples,
        )


class FailuresAnswer(Answer):
    failures: list[FailureView]
    total: int = Field(description="items that failed or timed out, shown in a group or not")


@router.get("/{run_id}/failures")
async def list_failures(run_id: RunIdInPath, state: State) -> FailuresAnswer:
    """The largest group first, at most a hundred."""
    async with reading(state.database) as connection:
        found = await failures.groups(connection, run_id)
        # Its counters know how many there are: to count the rows would read all of them again.
        run = await runs.get(connection, run_id)
    return FailuresAnswer(
        failures=[FailureView.of(group) for group in found], total=run.failed + run.timed_out
    )
