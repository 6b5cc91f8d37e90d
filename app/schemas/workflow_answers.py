"""What the routes of a family answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from app.errors import SluiceError
from app.schemas.base import Answer, View
from app.store.statuses import ItemStatus, RunStage, RunStatus, StepKind
from app.workflows.keys import handed_over
from app.workflows.runs.expectation import Estimate, none_eligible
from app.workflows.samples.result_diff import unified

if TYPE_CHECKING:
    from app.store.tables.runs import Run
    from app.workflows.attempts.attempt_result import AttemptResult
    from app.workflows.client import DryRun
    from app.workflows.family import Entity


_STALE = (
    "how many of the eligible have a result of another version of the family, which counts no more;"
    " null: nobody looked, or can tell"
)


class DryRunAnswer(Answer):
    dry_run: Literal[True] = True
    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    to_overwrite: int | None = Field(
        description="how many of those to process have a result, which a run with force overwrites;"
        " null: the family does not tell"
    )
    to_overwrite_exact: bool = Field(description="false: extrapolated, as exact says of the others")
    stale: int | None = Field(description=_STALE)
    exact: bool = Field(description="false: extrapolated, because the count took too long")
    message: str
    estimate: Estimate
    sample: list[str]


HandedOverId = Annotated[
    str | None, Field(description="of the entity that the caller handed over; null: there was none")
]


class StartedAnswer(Answer):
    run_id: str
    item_id: HandedOverId = None
    message: str


class CountedAnswer(StartedAnswer):
    """To a caller who waits until the run has been counted; nulls: it has not been by then."""

    status: RunStatus
    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    to_overwrite: int | None = Field(
        description="how many of those to process have a result; null: the family does not tell"
    )
    to_overwrite_exact: bool = Field(description="false: extrapolated, as exact says of the others")
    stale: int | None = Field(description=_STALE)
    exact: bool


class ScheduledAnswer(Answer):
    run_id: str
    item_id: HandedOverId = None
    scheduled: int = Field(description="items that are new to the run")
    message: str


class ForgottenAnswer(Answer):
    family: str
    forgotten: int | None = Field(
        description="of how many of the items a result was remembered; null: all, uncounted"
    )


class StopView(View):
    """Where a preview stopped: at what it must not do, or cannot wait for."""

    step: str
    kind: StepKind
    payload: Any = Field(
        description="what a person would be shown, what would be called, or which event would be"
        " waited for"
    )


class PreviewAnswer(Answer):
    dry_run: Literal[True] = True
    item_id: str
    outcome: ItemStatus
    reason: str | None
    overwrites: bool | None = Field(
        description="whether the item has a result, which executing it overwrites; null: the family"
        " does not tell"
    )
    result: Any = None  # of the family's own shape
    before: Any = Field(None, description="what is stored now; null: nothing, or nobody can tell")
    after: Any = Field(None, description="the result once more")
    diff: str | None = Field(
        None, description="unified, of both as JSON; empty: equal; null: nothing to compare with"
    )
    stop: StopView | None = Field(None, description="null: it went to its end")
    milliseconds: int


class ItemFailed(SluiceError):
    """Of a preview. It is the item's failure, or its family's, and none of the service."""

    status = 424
    title = "The item's execution failed"


def dry_run_answer(many: str, found: DryRun) -> DryRunAnswer:
    statistics = found.survey.statistics
    number = "an unknown number of" if statistics.to_process is None else statistics.to_process
    about = "" if statistics.exact or statistics.to_process is None else "about "
    overwrite = found.survey.to_overwrite
    results = _results(overwrite, exact=found.survey.overwrite_exact)
    overwriting = f", and overwrite {results}" if results else ""
    message = f"[DryRun] Would process {about}{number} {many}{overwriting}"
    if statistics.stale:
        message += f"; {_results(statistics.stale, exact=statistics.exact)} count no more"
    if statistics.exact and statistics.total_eligible == 0:
        message = none_eligible(many)
    return DryRunAnswer(
        total_eligible=statistics.total_eligible,
        to_process=statistics.to_process,
        already_processed=statistics.already_processed,
        to_overwrite=overwrite,
        to_overwrite_exact=found.survey.overwrite_exact,
        stale=statistics.stale,
        exact=statistics.exact,
        message=message,
        estimate=found.estimate,
        sample=list(found.survey.sample),
    )


def counted_answer(many: str, run: Run) -> CountedAnswer:
    numbers = run.model_dump(include=CountedAnswer.model_fields.keys() - StartedAnswer.model_fields)
    item_id = None if run.entity is None else handed_over(run.id)
    return CountedAnswer(run_id=run.id, item_id=item_id, message=_course(many, run), **numbers)


def _course(many: str, run: Run) -> str:
    """What has become of it: why it ended or waits, or that its pages are read."""
    if run.detail is not None:
        return run.detail
    if run.status == RunStatus.PENDING:
        first = "Another run comes first. " if run.stage == RunStage.WAITING else ""
        return f"{first}{watch_it(run.id)}"
    number = "an unknown number of" if run.to_process is None else run.to_process
    about = "" if run.exact or run.to_process is None else "about "
    overwriting = _results(run.to_overwrite, exact=run.to_overwrite_exact)
    ending = f", overwriting {overwriting}" if overwriting else ""
    return f"Triggered pagination for {about}{number} {many}{ending}"


def _results(number: int | None, *, exact: bool) -> str:
    """Empty: none, or nobody can tell."""
    if not number:
        return ""
    about = "" if exact else "about "
    return f"{about}1 result" if number == 1 else f"{about}{number} results"


async def preview_answer(
    item_id: str, verdict: AttemptResult, before: Any, *, overwrites: bool | None
) -> PreviewAnswer:
    """``before``: what is stored, as JSON; None: nothing."""
    after, stop = verdict.history.value, verdict.stop
    diff = None
    if before is not None and verdict.status is ItemStatus.SUCCEEDED:
        # In a thread: for a large result it may take as long as many other answers.
        diff = await asyncio.to_thread(unified, before, after)
    return PreviewAnswer(
        item_id=item_id,
        outcome=verdict.status,
        reason=verdict.error_message,
        overwrites=overwrites,
        result=after,
        before=before,
        after=after,
        diff=diff,
        stop=stop and StopView(step=stop.step, kind=stop.kind, payload=stop.payload),
        milliseconds=verdict.work_ms,
    )


def scheduled_answer(entity: Entity, run_id: str, fresh: int, named: int) -> ScheduledAnswer:
    """Of ``named`` items for a running run, ``fresh`` are new to it."""
    of = f"{named:,} {entity.singular if named == 1 else entity.plural}"
    if fresh == named:
        message = f"Scheduled {of}"
    elif named == 1:
        message = f"This {entity.singular} is in the run already"
    else:
        message = f"Scheduled {fresh:,} of {of}; the others are in the run already"
    return ScheduledAnswer(run_id=run_id, scheduled=fresh, message=message)


def watch_it(run_id: str) -> str:
    return f"Run started. Watch it: GET /api/runs/{run_id}"
