"""How a run and its items are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field

from app.config.tracing_settings import TRACE_ID
from app.schemas.base import Answer, View
from app.store.statuses import ENDED, RunStage, RunStatus
from app.tracing.chosen import RunRow, trace_id_of
from app.workflows.contract.run_options import RunOptions
from app.workflows.runs.expectation import Estimate

if TYPE_CHECKING:
    from app.store.tables.items import Item
    from app.store.tables.runs import Run
    from app.workflows.signatures import Signer
    from app.workflows.throttles.looks import Held


class CountersView(View):
    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    to_overwrite: int | None = Field(
        None, description="how many of those to process have a result; null: nobody can tell"
    )
    to_overwrite_exact: bool = Field(True, description="false: extrapolated")
    stale: int | None = Field(
        None,
        description="how many of the eligible have a result of another version of the family, which"
        " counts no more; null: nobody looked, or can tell",
    )
    exact: bool
    scheduled: int
    succeeded: int
    skipped: int
    failed: int
    cancelled: int
    timed_out: int
    suspended: int = Field(
        description="that wait just now for time, a person, an event, another item or a provider's"
        " batch"
    )


class ActualView(View):
    """What the run has taken so far, to be held against its estimate."""

    seconds: float = Field(description="for which it ran; not those in which it was paused")
    usd: float
    tokens: int

    @classmethod
    def of(cls, run: Run) -> Self:
        since = run.active_since
        running = 0.0 if since is None else (datetime.now(UTC) - since).total_seconds()
        return cls(
            seconds=round(run.active_ms / 1000 + max(0.0, running), 3),
            usd=round(run.spent_usd, 6),
            tokens=run.spent_tokens,
        )


class ParentView(View):
    """The step that waits for a child."""

    run_id: str
    item_id: str
    step: str

    @classmethod
    def of(cls, run: Run) -> Self | None:
        if run.parent_run is None or run.parent_item is None or run.parent_step is None:
            return None
        return cls(run_id=run.parent_run, item_id=run.parent_item, step=run.parent_step)


class ThrottledView(View):
    reason: str
    since: datetime
    next_look: datetime = Field(
        description="when its family's throttle is asked again, or it goes on"
    )
    until: datetime | None = Field(
        description="until then who is called wants no call; null: its family's throttle holds it,"
        " until a look finds that all is well"
    )

    @classmethod
    def of(cls, run: Run, held: Mapping[str, Held]) -> Self | None:
        of_family = None if run.status in ENDED else held.get(run.family)
        if of_family is None or of_family.hold is None:
            return None
        found = of_family.hold
        return cls(
            reason=found.reason,
            since=found.since,
            next_look=found.again_at,
            until=found.told_until,
        )


PausedKeys = Annotated[
    list[str],
    Field(
        description="flow keys of its family that an operator has paused, so that nothing new of it"
        " starts under them, whatever its status; empty: none, or it has ended"
    ),
]


def paused_keys_of(run: Run, held: Mapping[str, Held]) -> list[str]:
    of_family = None if run.status in ENDED else held.get(run.family)
    return [] if of_family is None else list(of_family.paused)


class FinishView(View):
    """What the family does when a run's items have ended."""

    run_id: str = Field(description="the run that it is, with one item")
    status: RunStatus
    result: Any = Field(description="what it returned: the run's result; null until then")
    error: str | None = Field(description="why it failed, or is put off")

    @classmethod
    def of(cls, finish: Run, item: Item | None) -> Self:
        return cls(
            run_id=finish.id,
            status=RunStatus(finish.status),
            result=None if item is None else item.result,
            error=finish.detail if item is None else item.error_message or finish.detail,
        )


class TraceView(View):
    """Where the trace of a run, or of an item of it, is looked at."""

    trace_id: str = Field(description="32 hexadecimal digits")
    url: str | None = Field(description="where it is looked at, by SLUICE_TRACE_URL")

    @classmethod
    def of(cls, run: RunRow, template: str | None) -> TraceView | None:
        """The trace of a run's row; None: the run is not traced."""
        if run.traceparent is None:
            return None
        trace_id = trace_id_of(run.traceparent)
        url = None if template is None else template.replace(TRACE_ID, trace_id)
        return cls(trace_id=trace_id, url=url)


class RunView(View):
    id: str
    family: str
    status: RunStatus
    stage: RunStage
    reason: str | None = Field(
        description="a word: why it is paused, cannot go on just now, or ended as it did"
    )
    detail: str | None = Field(description="the same as a sentence")
    throttled: ThrottledView | None = Field(
        description="why nothing new of it starts, whatever its status; null: nothing holds it"
    )
    paused_keys: PausedKeys
    params: dict[str, Any]  # as the family declares them
    entity: dict[str, Any] | None = Field(  # as the family declares it
        description="what its caller handed over for its one item; null: its items are loaded"
    )
    force: bool
    limit: int | None
    item_ids: int | None = Field(description="how many ids the caller named; null: by eligibility")
    item_list: str | None = Field(description="the list of ids that the caller named")
    options: RunOptions
    retry_of: str | None = Field(description="the run whose items it tries once more")
    parent: ParentView | None = Field(description="whose step it is; null: nobody's")
    finish_of: str | None = Field(description="the run that this one finishes; null: none")
    follows: str | None = Field(
        description="the run by whose success, or by a step of whose item or finish, it began, and"
        " which does not wait for it; null: none"
    )
    backfill_id: str | None = Field(description="whose partition it is over; null: nobody's")
    started_by: str
    counters: CountersView
    ended: int = Field(description="items that have an outcome")
    cursor: str | None = Field(description="where paging stands; null: at the start")
    paged: bool = Field(description="all pages are read")
    estimate: Estimate | None = Field(description="made when the run began")
    actual: ActualView
    deadline_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, run: Run, cursors: Signer, held: Mapping[str, Held]) -> Self:
        """
        Args:
            held: families of which nothing new starts.
        """
        return cls(
            **run.model_dump(
                include={
                    "id", "family", "reason", "detail", "params", "entity", "started_by",
                    "paged", "retry_of", "follows", "backfill_id", "item_list", "created_at",
                    "started_at", "finished_at", "deadline_at",
                }
            ),
            status=RunStatus(run.status),
            stage=RunStage(run.stage),
            throttled=ThrottledView.of(run, held),
            paused_keys=paused_keys_of(run, held),
            options=RunOptions.model_validate(run.options),
            parent=ParentView.of(run),
            finish_of=run.finish_of,
            estimate=None if run.estimate is None else Estimate.model_validate(run.estimate),
            actual=ActualView.of(run),
            # Of an entity that was handed over nobody asks whether it has a result.
            force=run.force and run.entity is None,
            limit=run.item_limit,
            item_ids=None if run.item_ids is None else len(run.item_ids),
            counters=CountersView(**run.model_dump(include=set(CountersView.model_fields))),
            ended=run.ended,
            cursor=None if run.cursor is None else cursors.issue(f"page:{run.id}", run.cursor),
        )  # fmt: skip


class RunAnswer(Answer):
    run: RunView
    finish: FinishView | None = Field(
        None, description="of GET /api/runs/{id}; null: it has not begun, or the family has none"
    )
    trace: TraceView | None = Field(
        None, description="of GET /api/runs/{id}; null: it is not traced"
    )


class RunsAnswer(Answer):
    runs: list[RunView]
    next_cursor: str | None
