"""How backfills and their partitions are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

from app.schemas.base import Answer, View
from app.store.statuses import BackfillMode, BackfillStatus, PartitionStatus
from app.workflows.contract.run_options import RunOptions

if TYPE_CHECKING:
    from app.store.tables.backfills import Backfill, BackfillPartition
    from app.workflows.backfills.service import BackfillDryRun
    from app.workflows.registry.bound_family import BoundFamily


class PartitionCounts(View):
    total: int
    waiting: int
    active: int
    succeeded: int
    partial: int
    failed: int
    cancelled: int


class ItemCounts(View):
    """Over all of its runs."""

    scheduled: int = Field(description="so far, and of runs that have not been deleted")
    succeeded: int
    skipped: int
    failed: int
    cancelled: int
    timed_out: int


class BackfillView(View):
    id: str
    family: str
    since: datetime = Field(alias="from")
    until: datetime = Field(alias="to")
    mode: BackfillMode
    max_active: int
    reverse: bool
    force: bool
    params: dict[str, Any]  # as the family declares them
    options: RunOptions
    status: BackfillStatus
    partitions: PartitionCounts
    started_by: str
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, backfill: Backfill, counts: Mapping[PartitionStatus, int]) -> Self:
        same = {"id", "family", "max_active", "reverse", "force", "params", "started_by"}
        return cls(
            **backfill.model_dump(include=same | {"created_at", "finished_at"}),
            since=backfill.from_at,
            until=backfill.to_at,
            mode=BackfillMode(backfill.mode),
            options=RunOptions.model_validate(backfill.options),
            status=BackfillStatus(backfill.status),
            partitions=PartitionCounts(
                total=sum(counts.values()), **{status.value: n for status, n in counts.items()}
            ),
        )


class BackfillAnswer(Answer):
    backfill: BackfillView
    items: ItemCounts

    @classmethod
    def made(cls, view: BackfillView, items: Mapping[str, int]) -> Self:
        return cls(backfill=view, items=ItemCounts(**items))


class BackfillsAnswer(Answer):
    backfills: list[BackfillView]
    next_cursor: str | None


class PartitionView(View):
    key: str
    status: PartitionStatus
    run_id: str | None
    params: dict[str, Any]  # as the family declares them

    @classmethod
    def of(cls, partition: BackfillPartition) -> Self:
        return cls(**partition.model_dump(include=set(cls.model_fields)))


class PartitionsAnswer(Answer):
    partitions: list[PartitionView]
    next_cursor: str | None


class BackfillStartedAnswer(Answer):
    backfill_id: str
    partitions: int
    message: str


class BackfillDryRunAnswer(Answer):
    dry_run: Literal[True] = True
    partitions: int
    done: int = Field(description="partitions left out, because of what earlier runs came to")
    first: str | None = Field(description="with which it would begin; null: there is none")
    last: str | None
    total_eligible: int | None = Field(description="items of all; null: it cannot be told")
    to_process: int | None
    counted: int = Field(description="partitions that were counted for it")
    exact: bool = Field(description="false: extrapolated, because the count took too long")
    message: str


def dry_run_answer(bound: BoundFamily, found: BackfillDryRun) -> BackfillDryRunAnswer:
    keys = list(found.plan.runs)
    many = bound.family.entity.plural
    number = "an unknown number of" if found.to_process is None else found.to_process
    about = "" if found.exact or found.to_process is None else "about "
    return BackfillDryRunAnswer(
        partitions=len(keys),
        done=found.plan.done,
        first=keys[0] if keys else None,
        last=keys[-1] if keys else None,
        total_eligible=found.total_eligible,
        to_process=found.to_process,
        counted=found.counted,
        exact=found.exact,
        message=f"[DryRun] Would process {about}{number} {many} in {len(keys)} partitions",
    )
