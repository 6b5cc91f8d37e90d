"""How a family is shown."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

from app.schemas.base import Answer, View
from app.store.statuses import RunStatus
from app.workflows.contract.cron import Overlap
from app.workflows.keys import Layer, flow_key

if TYPE_CHECKING:
    from app.flow.limits import FlowControl
    from app.store.tables.runs import Run
    from app.workflows.contract.job_family import AnyFamily


class FamilyFlowView(View):
    key: str
    parallelism: int | None
    rate: float | None
    period_seconds: float

    @classmethod
    def of(cls, key: str, control: FlowControl) -> FamilyFlowView:
        return cls(
            key=key,
            parallelism=control.parallelism,
            rate=control.rate,
            period_seconds=control.period.total_seconds(),
        )


class FamilyLastRunView(View):
    id: str
    status: RunStatus
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, run: Run) -> Self:
        return cls(
            **run.model_dump(include={"id", "created_at", "finished_at"}),
            status=RunStatus(run.status),
        )


class PartitionsView(View):
    """How the family's work is cut, for backfills."""

    unit: Literal["day", "hour", "month"] | None = Field(description="null: in its own way")
    param: str | None = Field(description="that a backfill fills in; null: its own way says which")


class AfterView(View):
    """A family whose runs, when they have succeeded, begin a run of this one."""

    family: str
    params: dict[str, str] = Field(
        description="which of its params are taken from that run: those of this family, and what"
        " each is called there"
    )


class FamilyView(View):
    name: str
    description: str
    entity: str
    entities: str
    routes: dict[str, str]
    params: dict[str, Any]  # a JSON schema
    invokes: dict[str, Any] | None = Field(  # a JSON schema
        description="what a caller may hand over as the `entity` of a run, as a JSON schema; null:"
        " nothing"
    )
    flow: list[FamilyFlowView]
    attempts: int
    timeout_seconds: float
    page_size: int
    chunk_size: int
    overlap: Overlap = Field(description="of a run with another one that has not ended")
    max_failure_rate: float | None = Field(description="a larger share of failures pauses a run")
    min_items: int = Field(description="that must have ended before the share is judged")
    priority: int = Field(description="of a run that names none, 0 to 9: a higher one goes first")
    deadline_seconds: float | None = Field(description="for which a run may go on before it pauses")
    approval: bool = Field(description="every run waits, once it has counted, to be approved")
    partitions: PartitionsView | None = Field(description="null: it has none, and no backfills")
    after: list[AfterView] = Field(description="whose runs it follows; empty: nobody's")
    events: list[str] = Field(description="names of those that start it; empty: none does")
    last_run: FamilyLastRunView | None = Field(description="the newest; null: there is none")
    next_fire_time: datetime | None = Field(description="null: no schedule starts it")

    @classmethod
    def of(
        cls,
        family: AnyFamily,
        routes: Mapping[str, str],
        partitions: PartitionsView | None,
        after: list[AfterView],
        last_run: Run | None,
        next_fire_time: datetime | None,
    ) -> FamilyView:
        return cls(
            name=family.name,
            description=inspect.getdoc(type(family)) or "",
            entity=family.entity.singular,
            entities=family.entity.plural,
            routes=dict(routes),
            params=family.params.model_json_schema(),
            invokes=None if family.invokes is None else family.invokes.model_json_schema(),
            flow=[
                FamilyFlowView.of(flow_key(family.name, layer), family.flow.of(layer))
                for layer in Layer
            ],
            attempts=family.attempts,
            timeout_seconds=family.timeout.total_seconds(),
            page_size=family.page_size,
            chunk_size=family.chunk_size,
            overlap=family.overlap,
            max_failure_rate=family.max_failure_rate,
            min_items=family.min_items,
            priority=family.priority,
            deadline_seconds=None if family.deadline is None else family.deadline.total_seconds(),
            approval=family.approval,
            partitions=partitions,
            after=after,
            events=[event.name for event in family.on],
            last_run=None if last_run is None else FamilyLastRunView.of(last_run),
            next_fire_time=next_fire_time,
        )


class FamiliesAnswer(Answer):
    families: list[FamilyView]
    newer_files: list[str] = Field(
        description="of the families' folder, that are new or changed since the service started:"
        " it and its workers must be restarted for them"
    )
