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


class ReadModel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


def _counted(name: str, default: Any = ...) -> Any:  # a field's default, whatever its type
    return Field(default, validation_alias=AliasPath("counters", to_camel(name)))


class Estimate(ReadModel):
    """What a run will take. A field is None where nothing is known about it. ``at_least``: the
    seconds are a lower bound."""

    seconds: float | None
    basis: str
    at_least: bool = False
    usd: float | None
    tokens: int | None
    cost_basis: str | None = None


class Actual(ReadModel):
    """What a run has taken so far. ``seconds``: for how long it was active."""

    seconds: float
    usd: float
    tokens: int


class Throttled(ReadModel):
    """Why nothing new of a run starts. ``next_look``: when its family's throttle is checked again.
    ``until``: when the other side wants to be called again; None: a check decides."""

    reason: str
    since: datetime
    next_look: datetime
    until: datetime | None = None


class Parent(ReadModel):
    """The step that waits for a run."""

    run_id: str
    item_id: str
    step: str


class Finish(ReadModel):
    """What a family does when a run's items have ended: a run of its own, with one item.
    ``result``: what it returned, as JSON; None until then. ``error``: why it failed, or is put
    off."""

    run_id: str
    status: str
    result: Any  # of the family's own shape
    error: str | None


class RunState(ReadModel):
    """The state of a run. ``reason``: a word that says why it is paused, or ended as it did;
    ``detail`` is the sentence. ``paused_keys``: flow keys of its family that an operator has
    paused. ``ended``: how many items have an outcome. ``finish``: None if it
    has not begun, or the family has none. ``finish_of``: the run of which this one is the finish.
    ``follows``: the run whose success, or a step of whose item or finish, began this one."""

    id: str
    family: str
    status: str
    stage: str
    reason: str | None
    detail: str | None
    params: dict[str, Any]  # as the family declares them
    entity: dict[str, Any] | None = None  # likewise
    force: bool
    limit: int | None = None
    started_by: str
    throttled: Throttled | None = None
    paused_keys: tuple[str, ...] = ()
    retry_of: str | None = None
    parent: Parent | None = None
    finish: Finish | None = None
    finish_of: str | None = None
    follows: str | None = None
    backfill_id: str | None = None
    total_eligible: int | None = _counted("total_eligible")
    to_process: int | None = _counted("to_process")
    already_processed: int | None = _counted("already_processed")
    to_overwrite: int | None = _counted("to_overwrite")
    to_overwrite_exact: bool = _counted("to_overwrite_exact", True)
    stale: int | None = _counted("stale", None)
    exact: bool = _counted("exact", True)
    scheduled: int = _counted("scheduled")
    succeeded: int = _counted("succeeded")
    skipped: int = _counted("skipped")
    failed: int = _counted("failed")
    cancelled: int = _counted("cancelled")
    timed_out: int = _counted("timed_out")
    suspended: int = _counted("suspended")
    ended: int
    paged: bool = False
    estimate: Estimate | None = None
    actual: Actual | None = None
    deadline_at: datetime | None = None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class DryRun(ReadModel):
    """What a run would do. A field is None where it is not known. Not ``exact``: extrapolated."""

    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    to_overwrite: int | None
    to_overwrite_exact: bool = True
    stale: int | None = None
    exact: bool
    message: str
    estimate: Estimate
    sample: list[str]


class Preview(ReadModel, Generic[ResultT]):
    """What executing one item would give. ``diff``: against the stored result, as JSON."""

    item_id: str
    outcome: str
    reason: str | None
    overwrites: bool | None
    result: ResultT | None
    diff: str | None
    milliseconds: int


class Item(ReadModel, Generic[ResultT]):
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


class Chunk(ReadModel):
    """What an item wrote while it was at work. ``attempt``: an earlier attempt may have written the
    same."""

    id: int
    attempt: int
    data: Any  # as the family wrote it
    at: datetime


class Event(ReadModel):
    """What happened to a run, and who did it. ``note``: why, in that person's words."""

    id: int
    at: datetime
    kind: str
    who: str
    reason: str | None
    detail: str | None
    data: Mapping[str, Any] | None
    note: str | None = None


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
    priority: int


class RunAnswer(ReadModel):
    run: RunState
    finish: Finish | None = None


class ItemsAnswer(ReadModel):
    items: list[Item[Any]]
    next_cursor: str | None


class StartedAnswer(ReadModel):
    run_id: str
    item_id: str | None = None


class ScheduledAnswer(ReadModel):
    run_id: str
    scheduled: int


class FamilyAnswer(ReadModel):
    name: str
    routes: dict[str, str]


class FamiliesAnswer(ReadModel):
    families: list[FamilyAnswer]
