"""What the CLI reads of the API's answers about backfills."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.cli.answers.answers import Answer
from app.errors import BadInput

PATH = "/api/backfills"


class BackfillDryRun(Answer):
    partitions: int
    done: int
    first: str | None
    last: str | None
    total_eligible: int | None
    to_process: int | None
    exact: bool
    message: str


class BackfillStarted(Answer):
    backfill_id: str
    partitions: int


class Partitions(Answer):
    total: int
    waiting: int
    active: int
    succeeded: int
    partial: int
    failed: int
    cancelled: int

    @property
    def ended(self) -> int:
        return self.total - self.waiting - self.active


class Items(Answer):
    succeeded: int
    skipped: int
    failed: int
    timed_out: int


class Backfill(Answer):
    id: str
    family: str
    since: datetime = Field(alias="from")
    until: datetime = Field(alias="to")
    mode: str
    max_active: int
    status: str
    partitions: Partitions
    started_by: str
    created_at: datetime
    finished_at: datetime | None


class OneBackfill(Answer):
    backfill: Backfill
    items: Items


class Backfills(Answer):
    backfills: list[Backfill]


class Partition(Answer):
    key: str
    status: str
    run_id: str | None


class PartitionPage(Answer):
    partitions: list[Partition]
    next_cursor: str | None


def backfill_path(backfill_id: str, action: str = "") -> str:
    """
    Raises:
        BadInput: no backfill has such an id.
    """
    if not backfill_id.replace("_", "").isalnum() or not backfill_id.isascii():
        raise BadInput("There is no such backfill. See: sluice backfills")
    return f"{PATH}/{backfill_id}/{action}".rstrip("/")
