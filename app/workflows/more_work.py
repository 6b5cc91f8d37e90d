"""More work for a run that is under way: which run takes any."""

from __future__ import annotations

from app.errors import BadInput, Conflict
from app.store.statuses import RunStage
from app.store.tables.runs import Run


def require_family(run: Run, family: str) -> None:
    """
    Raises:
        BadInput: the run is another family's.
        Conflict: it is the finish of a run, whose one item it is for.
    """
    if run.family != family:
        raise BadInput(f"Run {run.id} belongs to {run.family}, not to {family}.", field="runId")
    if run.finish_of is not None:
        raise Conflict(
            f"Run {run.id} is the finish of run {run.finish_of}, and takes no other items. Start a"
            " run for them."
        )


def takes_no_more(run: Run) -> Conflict:
    """
    Args:
        run: as it stands when it has refused.
    """
    if run.stage == RunStage.FINISHING:
        return Conflict(
            f"The items of run {run.id} have all ended, and its finish has begun: it takes no more"
            " work. Start a run for it."
        )
    return Conflict(f"Run {run.id} is {run.status}; only a running run takes more work.")
