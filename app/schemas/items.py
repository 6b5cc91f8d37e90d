"""How an item is shown: what became of it, its steps, what it waits for, and what it writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from pydantic import Field

from app.schemas.base import Answer, View
from app.schemas.provider_batches.answers import StepBatchView
from app.schemas.runs import TraceView
from app.store.statuses import ItemStatus, StepKind, StepStatus

if TYPE_CHECKING:
    from app.store.steps.questions import OpenQuestion, SuspendedStep
    from app.store.tables.items import Item
    from app.store.tables.steps import Output, Step
    from app.workflows.monitoring.items_at_work import WorkReport


class ItemView(View):
    item_id: str
    status: ItemStatus
    attempts: int
    postponements: int
    result: Any  # of the family's own shape
    result_omitted: bool = Field(
        description="in a list: it is too large, and is left out; see largeResults"
    )
    error_class: str | None
    error_message: str | None
    error_traceback: str | None
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, item: Item, *, omitted: bool = False) -> Self:
        return cls(**item.model_dump(include=set(cls.model_fields)), result_omitted=omitted)


class ItemsAnswer(Answer):
    items: list[ItemView]
    next_cursor: str | None


class StepView(View):
    name: str
    kind: StepKind
    status: StepStatus
    position: int = Field(description="which one it was to be asked for, from 1")
    attempts: int
    result: Any = Field(
        description="as it is remembered; what JSON has no word for is an object with the key `$`"
    )
    payload: Any = Field(
        description="what a person is shown, what is called, or the `event` that it waits for, with"
        " the `value` that stands at `match`"
    )
    payload_schema: dict[str, Any] | None = Field(
        description="of what a person is shown, where that is a model"
    )
    schema_: dict[str, Any] | None = Field(alias="schema", description="of the answer")
    child_run_id: str | None
    error_class: str | None
    error_message: str | None
    answered_by: str | None
    due_at: datetime | None = Field(description="when it goes on by itself")
    started_at: datetime
    finished_at: datetime | None
    batch: StepBatchView | None = Field(description="for which it waits; null: for none")

    @classmethod
    def of(cls, step: Step, batch: StepBatchView | None = None) -> Self:
        return cls(
            **step.model_dump(include=set(cls.model_fields) - {"result", "payload", "batch"}),
            batch=batch,
            result=None if step.result is None else json.loads(step.result),
            payload=None if step.payload is None else json.loads(step.payload),
            payload_schema=(step.expects or {}).get("shows"),
            schema=(step.expects or {}).get("schema"),
            child_run_id=step.child_run,
        )


class StepAtWorkView(View):
    name: str
    attempt: int = Field(description="which one of its tries, from 1")
    since: datetime


class AtWorkView(View):
    """An item that a worker has been executing for a second or longer."""

    worker: str = Field(description="as GET /api/overview calls it")
    host: str
    attempt: int = Field(description="at the item, from 1")
    since: datetime
    steps: list[StepAtWorkView] = Field(description="that are at work, not those that wait")

    @classmethod
    def of(cls, report: WorkReport) -> Self:
        steps = [
            StepAtWorkView(name=step.name, attempt=step.attempt, since=_moment(step.since))
            for step in report.steps
        ]
        return cls(
            worker=report.worker,
            host=report.host,
            attempt=report.attempt,
            since=_moment(report.since),
            steps=steps,
        )


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


class ItemAnswer(Answer):
    item: ItemView
    at_work: AtWorkView | None = Field(
        description="null: no worker executes it, or one has only just begun"
    )
    trace: TraceView | None = Field(
        None, description="of its run; null: that is not traced, or the item is none of those of it"
        " that are"
    )  # fmt: skip
    steps: list[StepView]


class SuspendedView(View):
    item_id: str
    step: str | list[str] = Field(
        description="its name; of a child's step the path that leads there"
    )
    run_id: str = Field(description="whose step it is: this run, or a child's")
    payload: Any = Field(description="what whoever answers is to see")
    payload_schema: dict[str, Any] | None = Field(
        description="of the payload; null: it is no model"
    )
    schema_: dict[str, Any] | None = Field(alias="schema", description="of the answer; null: any")
    since: datetime
    expires_at: datetime | None = Field(description="when it goes on with null")

    @classmethod
    def of(cls, question: SuspendedStep) -> Self:
        step, path = question.step, question.path
        return cls(
            item_id=question.item_id,
            step=path[0] if len(path) == 1 else list(path),
            run_id=step.run_id,
            payload=None if step.payload is None else json.loads(step.payload),
            payload_schema=(step.expects or {}).get("shows"),
            schema=(step.expects or {}).get("schema"),
            since=step.started_at,
            expires_at=step.due_at,
        )


class SuspendedAnswer(Answer):
    suspended: list[SuspendedView]
    next_cursor: str | None


class QuestionView(View):
    """What an item of some run waits for a person for."""

    family: str
    run_id: str
    item_id: str
    step: str
    parent_run_id: str | None = Field(description="of a child of an item's step: whose it is")
    payload: Any = Field(description="what whoever answers is to see")
    payload_omitted: bool = Field(description="it is too large for a list: the item has it")
    since: datetime
    expires_at: datetime | None = Field(description="when it goes on with null")
    answer: str = Field(description="to which an answer is POSTed; the run's question says of what")

    @classmethod
    def of(cls, question: OpenQuestion) -> Self:
        return cls(
            family=question.family,
            run_id=question.run_id,
            item_id=question.item_id,
            step=question.name,
            parent_run_id=question.parent_run,
            payload=None if question.payload is None else json.loads(question.payload),
            payload_omitted=question.payload_omitted,
            since=question.started_at,
            expires_at=question.due_at,
            answer=f"/api/runs/{question.run_id}/item/resume?{urlencode({'id': question.item_id})}",
        )


class QuestionsAnswer(Answer):
    questions: list[QuestionView]
    next_cursor: str | None


class ResumedAnswer(Answer):
    item_id: str
    step: str | list[str]
    message: str


class LinkAnswer(Answer):
    url: str = Field(description="whoever has it may answer this step, and nothing else")
    expires_at: datetime


class ChunkView(View):
    id: int
    attempt: int = Field(description="of the item: an earlier one may have written the same")
    data: Any  # as the family wrote it
    at: datetime

    @classmethod
    def of(cls, output: Output) -> Self:
        return cls(
            id=output.id or 0, attempt=output.attempt, data=json.loads(output.data), at=output.at
        )


class ChunksAnswer(Answer):
    chunks: list[ChunkView]
    next_cursor: str | None


class StreamEndView(View):
    """The last message of an item's stream."""

    status: ItemStatus | None = Field(description="null: the item was deleted meanwhile")


class ListAnswer(Answer):
    list_id: str
    items: int = Field(description="ids in the list; one that came twice counts once")
