"""What the CLI reads of the API's answers. Fields that it does not know are passed over."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class FlowLine(_Answer):
    key: str
    parallelism: int | None
    rate: float | None
    period_seconds: float


class Family(_Answer):
    name: str
    description: str
    entities: str
    routes: dict[str, str]
    params: dict[str, JsonValue]
    flow: list[FlowLine]


class Families(_Answer):
    families: list[Family]


class Estimate(_Answer):
    seconds: float | None
    basis: str


class DryRun(_Answer):
    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    exact: bool
    message: str
    estimate: Estimate
    sample: list[str]


class Started(_Answer):
    run_id: str


class Counters(_Answer):
    total_eligible: int | None
    to_process: int | None
    exact: bool
    scheduled: int
    succeeded: int
    skipped: int
    failed: int
    cancelled: int
    timed_out: int


class Run(_Answer):
    id: str
    family: str
    status: str
    reason: str | None
    detail: str | None
    started_by: str
    counters: Counters
    ended: int
    paged: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def has_ended(self) -> bool:
        return self.status in ("succeeded", "partial", "failed", "cancelled")

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
        return self.ended / self.seconds if self.seconds and self.ended else None


class OneRun(_Answer):
    run: Run


class Runs(_Answer):
    runs: list[Run]


class Item(_Answer):
    item_id: str
    status: str
    result: JsonValue
    error_class: str | None
    error_message: str | None


class Items(_Answer):
    items: list[Item]


class Fault(_Answer):
    field: str
    message: str


class Problem(_Answer):
    """RFC 9457."""

    detail: str
    errors: list[Fault] = []
