"""What the service answers, as a caller reads it; what a newer one says beside it is left out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypedDict, TypeVar

from pydantic import AliasPath, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

ResultT = TypeVar("ResultT")
ENDED = frozenset({"succeeded", "partial", "failed", "cancelled"})
"""Statuses of runs that go on no more."""


class _Read(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


def _counted(name: str) -> Any:  # a field's default, whatever its type
    return Field(validation_alias=AliasPath("counters", to_camel(name)))


class RunState(_Read):
    """A run as it stands. ``reason``: a word: why it is paused, or ended as it did; ``detail`` is
    the sentence. ``ended``: items that have an outcome."""

    id: str
    family: str
    status: str
    stage: str
    reason: str | None
    detail: str | None
    params: dict[str, Any]  # as the family declares them
    entity: dict[str, Any] | None = None  # likewise
    force: bool
    started_by: str
    total_eligible: int | None = _counted("total_eligible")
    to_process: int | None = _counted("to_process")
    already_processed: int | None = _counted("already_processed")
    to_overwrite: int | None = _counted("to_overwrite")
    stale: int | None = Field(None, validation_alias=AliasPath("counters", "stale"))
    scheduled: int = _counted("scheduled")
    succeeded: int = _counted("succeeded")
    skipped: int = _counted("skipped")
    failed: int = _counted("failed")
    cancelled: int = _counted("cancelled")
    timed_out: int = _counted("timed_out")
    suspended: int = _counted("suspended")
    ended: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class Estimate(_Read):
    """What a run will take. None: nothing tells."""

    seconds: float | None
    basis: str
    usd: float | None
    tokens: int | None


class DryRun(_Read):
    """What a run would do. None: nobody can tell. ``exact``: False: extrapolated."""

    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    to_overwrite: int | None
    stale: int | None = None
    exact: bool
    message: str
    estimate: Estimate
    sample: list[str]


class Preview(_Read, Generic[ResultT]):
    """What executing one item would give. ``diff``: against what is stored, as JSON."""

    item_id: str
    outcome: str
    reason: str | None
    overwrites: bool | None
    result: ResultT | None
    diff: str | None
    milliseconds: int


class Item(_Read, Generic[ResultT]):
    """One entity's part in a run. ``result``: None until it has succeeded."""

    item_id: str
    status: str
    attempts: int
    result: ResultT | None
    error_class: str | None
    error_message: str | None
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Chunk(_Read):
    """What an item wrote while it was at work. ``attempt``: an earlier one may have written the
    same."""

    id: int
    attempt: int
    data: Any  # as the family wrote it
    at: datetime


class Event(_Read):
    """What happened to a run, and who did it."""

    id: int
    at: datetime
    kind: str
    who: str
    reason: str | None
    detail: str | None
    data: Mapping[str, Any] | None


class RunOptions(TypedDict, total=False):
    """When a run must stop and ask; what is left out is as its family says."""

    attempts: int
    max_failure_rate: float
    min_items: int
    canary: int
    auto_promote: bool
    ramp: Mapping[str, float]
    budget: Mapping[str, float]
    deadline_seconds: float
    approval: bool


class RunAnswer(_Read):
    run: RunState


class ItemsAnswer(_Read):
    items: list[Item[Any]]
    next_cursor: str | None


class StartedAnswer(_Read):
    run_id: str
    item_id: str | None = None


class ScheduledAnswer(_Read):
    run_id: str
    scheduled: int


class FamilyAnswer(_Read):
    name: str
    routes: dict[str, str]


class FamiliesAnswer(_Read):
    families: list[FamilyAnswer]
