"""What the CLI reads of the API's answers. Fields that it does not know are passed over."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel


class Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class FlowLine(Answer):
    key: str
    parallelism: int | None
    rate: float | None
    period_seconds: float


class Family(Answer):
    name: str
    description: str
    entities: str
    routes: dict[str, str]
    params: dict[str, JsonValue]
    flow: list[FlowLine]


class Families(Answer):
    families: list[Family]
    newer_files: list[str] = []
    """That the service does not know yet."""


class Estimate(Answer):
    seconds: float | None
    basis: str
    usd: float | None
    tokens: int | None
    cost_basis: str | None


class DryRun(Answer):
    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    to_overwrite: int | None
    to_overwrite_exact: bool
    exact: bool
    message: str
    estimate: Estimate
    sample: list[str]


class Stop(Answer):
    step: str
    kind: str
    payload: JsonValue


class Preview(Answer):
    item_id: str
    outcome: str
    reason: str | None
    overwrites: bool | None
    result: JsonValue
    diff: str | None
    stop: Stop | None
    milliseconds: int


class Started(Answer):
    run_id: str


class Counters(Answer):
    total_eligible: int | None
    to_process: int | None
    exact: bool
    scheduled: int
    succeeded: int
    skipped: int
    failed: int
    cancelled: int
    timed_out: int
    suspended: int


class Actual(Answer):
    seconds: float
    usd: float
    tokens: int


class Progress(Answer):
    """What changes of a run while it goes on."""

    status: str
    stage: str
    reason: str | None
    detail: str | None
    counters: Counters
    ended: int
    paged: bool
    actual: Actual


class Budget(Answer):
    usd: float | None
    tokens: int | None


class Options(Answer):
    budget: Budget | None


class Run(Progress):
    id: str
    family: str
    started_by: str
    options: Options
    estimate: Estimate | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def has_ended(self) -> bool:
        return self.status in ("succeeded", "partial", "failed", "cancelled")

    def gone_on(self, progress: Progress) -> Run:
        return self.model_copy(
            update={name: getattr(progress, name) for name in Progress.model_fields}
        )

    @property
    def total(self) -> int | None:
        """Of items; None while it is not known. An extrapolated number may prove too small."""
        counters = self.counters
        if self.paged or counters.to_process is None:
            return counters.scheduled if self.paged else None
        return max(counters.to_process, counters.scheduled)

    @property
    def seconds(self) -> float | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def items_per_second(self) -> float | None:
        """Of the time in which it ran: a pause is no slowness."""
        active = self.actual.seconds
        return self.ended / active if active and self.ended else None


class OneRun(Answer):
    run: Run


class Runs(Answer):
    runs: list[Run]


class Retried(Answer):
    run_id: str
    items: int


class Event(Answer):
    id: int
    at: datetime
    kind: str
    who: str
    reason: str | None
    detail: str | None
    data: dict[str, JsonValue] | None


class Events(Answer):
    events: list[Event]
    next_cursor: str | None


class Failure(Answer):
    group: str
    error_class: str
    message: str
    count: int
    first_at: datetime
    last_at: datetime
    samples: list[str]


class Failures(Answer):
    failures: list[Failure]
    total: int


class Item(Answer):
    item_id: str
    status: str
    result: JsonValue
    error_class: str | None
    error_message: str | None


class Items(Answer):
    items: list[Item]


class Fault(Answer):
    field: str
    message: str


class Problem(Answer):
    """RFC 9457."""

    detail: str
    errors: list[Fault] = []
