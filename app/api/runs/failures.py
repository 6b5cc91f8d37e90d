"""What failed in a run, grouped by what the errors say."""

from __future__ import annotations

from fastapi import Depends

from app.api.dependencies import ApiState, RunIdInPath, State, bearer
from app.api.routing import Router
from app.errors import BadInput, NotFound
from app.schemas.failures import FailuresAnswer, FailureView
from app.store.database import reading
from app.store.items import failures
from app.store.items.failures import Group
from app.store.runs import runs
from app.workflows.failures.fingerprint import group_id

router = Router(prefix="/api/runs", tags=["runs"], dependencies=[Depends(bearer)])


@router.get("/{run_id}/failures")
async def list_failures(run_id: RunIdInPath, state: State) -> FailuresAnswer:
    """Groups of failed items, the largest first, at most a hundred."""
    async with reading(state.database) as connection:
        found = await failures.groups(connection, run_id)
        # Its counters know how many there are: to count the rows would read all of them again.
        run = await runs.get(connection, run_id)
    return FailuresAnswer(
        failures=[
            FailureView.of(group, group_id(group.error_class, group.error_group)) for group in found
        ],
        total=run.failed + run.timed_out,
    )


async def group_of(state: ApiState, run_id: str, group: str, error_class: str | None) -> Group:
    """
    Args:
        error_class: that was asked for besides.

    Raises:
        NotFound: the list has no such group.
        BadInput: it is of another class.
    """
    async with reading(state.database) as connection:
        found = await failures.groups(connection, run_id)
    for one in found:
        if group_id(one.error_class, one.error_group) == group:
            if error_class in (None, one.error_class):
                return one
            raise BadInput(
                f"Group {group} is of {one.error_class}. Leave errorClass out.",
                field="errorClass",
            )
    raise NotFound(
        f"Run {run_id} has no group {group!r} of failures. See GET /api/runs/{run_id}/failures.",
        field="group",
    )
