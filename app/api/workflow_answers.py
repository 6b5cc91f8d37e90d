"""What the routes of a family answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.deps import Answer
from app.errors import SluiceError
from app.store.lifecycle import ItemStatus
from app.workflows.client import DryRun
from app.workflows.estimate import Estimate


class DryRunAnswer(Answer):
    dry_run: Literal[True] = True
    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    exact: bool = Field(description="false: extrapolated, because the count took too long")
    message: str
    estimate: Estimate
    sample: list[str]


class StartedAnswer(Answer):
    run_id: str
    message: str


class ScheduledAnswer(Answer):
    run_id: str
    scheduled: int
    message: str


class PreviewAnswer(Answer):
    dry_run: Literal[True] = True
    item_id: str
    outcome: ItemStatus
    reason: str | None
    result: Any = None  # of the family's own shape
    milliseconds: int


class ItemFailed(SluiceError):
    status = 502
    title = "The item's execution failed"


def dry_run_answer(many: str, found: DryRun) -> DryRunAnswer:
    statistics = found.survey.statistics
    number = "an unknown number of" if statistics.to_process is None else statistics.to_process
    about = "" if statistics.exact or statistics.to_process is None else "about "
    return DryRunAnswer(
        total_eligible=statistics.total_eligible,
        to_process=statistics.to_process,
        already_processed=statistics.already_processed,
        exact=statistics.exact,
        message=f"[DryRun] Would process {about}{number} {many}",
        estimate=found.estimate,
        sample=list(found.survey.sample),
    )


def watch_it(run_id: str) -> str:
    return f"Run started. Watch it: GET /api/runs/{run_id}"
