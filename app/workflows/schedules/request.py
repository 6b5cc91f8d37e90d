"""The run that a schedule asks its family for, read when it fires."""

from __future__ import annotations

from app.errors import SluiceError
from app.store.storable import cut
from app.store.tables.schedules import Schedule
from app.workflows.contract.run_options import ScheduleOptions
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.runs.request import RunRequest
from app.workflows.serialization.params import KeptParams

LONGEST_DETAIL = 2_000


def refusal(bound: BoundFamily, schedule: Schedule) -> str | None:
    """Why no run of it could begin by the family's code as it is here; None: one could."""
    try:
        with told(bound.name, "params"):  # the author's own validators
            request_of(bound, schedule)
    except SluiceError as error:
        return cut(error.detail, LONGEST_DETAIL)
    return None


def request_of(bound: BoundFamily, schedule: Schedule, **why: str) -> RunRequest:
    """
    Raises:
        BadInput: the family takes them no more.
    """
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
