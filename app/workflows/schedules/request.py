"""The run that a schedule asks its family for, read when it fires."""

from __future__ import annotations

from app.errors import SluiceError
from app.store.storable import cut
from app.store.tables.runs import Run
from app.store.tables.schedules import Schedule
from app.workflows.contract.run_options import ScheduleOptions
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.runs.request import RunRequest, new_run
from app.workflows.serialization.params import KeptParams

LONGEST_DETAIL = 2_000


def refusal(bound: BoundFamily, schedule: Schedule) -> str | None:
    """Why no run of it could begin by the family's code as it is here; None: one could."""
    try:
        run_of(bound, schedule, by=schedule.name)
    except SluiceError as error:
        return cut(error.detail, LONGEST_DETAIL)
    return None


def run_of(
    bound: BoundFamily, schedule: Schedule, *, by: str, **why: str
) -> tuple[RunRequest, Run]:
    """What the family is asked for, and the run that comes of it; it asks no server.

    Raises:
        SluiceError: no run of it can begin: the family refuses the params or the options, or the
            key of the params' secrets is not here.
    """
    with told(bound.name, "params"):  # the author's own validators
        request = _request_of(bound, schedule, **why)
        return request, new_run(bound, request, started_by=by)


def _request_of(bound: BoundFamily, schedule: Schedule, **why: str) -> RunRequest:
    options = ScheduleOptions.model_validate(schedule.options)
    return RunRequest(
        params=bound.params.read(
            KeptParams(schedule.params, schedule.sealed, schedule.params_version)
        ),
        force=options.force,
        limit=options.limit,
        options=options.of_run(bound.family),
        why={"schedule": schedule.id, **why},
    )
