"""How a flow key's limits, and what is at work under them, are shown."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from app.schemas.base import Answer, View

if TYPE_CHECKING:
    from app.flow.history import FlowPoint
    from app.flow.usage import HeldLimits
    from app.workflows.monitoring.flow_limits import FlowState
    from app.workflows.monitoring.partition_limits import PartitionState


class HeldLimitsView(View):
    parallelism: int | None
    rate: float | None
    period_seconds: float
    pinned: bool
    paused: bool

    @classmethod
    def of(cls, held: HeldLimits) -> HeldLimitsView:
        return cls(
            parallelism=held.control.parallelism,
            rate=held.control.rate,
            period_seconds=held.control.period.total_seconds(),
            pinned=held.pinned,
            paused=held.paused,
        )


class FlowHoldView(View):
    key: str = Field(description="a family whose throttle says no, or a flow key")
    reason: str
    until: datetime | None = Field(
        description="until then who is called wants no call; null: until the throttle lets go"
    )


class FlowView(View):
    key: str
    parallelism: int | None
    rate: float | None
    period_seconds: float
    per_partition: int | None = Field(
        description="at work at once of each partition, by the code; null: not limited"
    )
    rate_per_partition: float | None = Field(
        description="starts of each partition in partitionPeriodSeconds, by the code; null: not"
        " limited"
    )
    partition_period_seconds: float | None = Field(
        description="the code's, which a pin of the key leaves; null: partitions have no limits"
    )
    source: Literal["code", "pinned"]
    paused: bool
    throttled: list[FlowHoldView] = Field(
        description="of which nothing new starts under it just now, though nobody has paused it"
    )
    active: int | None = Field(
        description="items at work now; null: Redis, or QStash, does not answer"
    )
    waiting: int | None = Field(
        description="items that wait for their turn in a worker; messages that do at QStash"
    )
    waiting_apart: int = Field(
        description="items that wait for their partition's turn in no worker and no queue, of runs"
        " that have not ended; no more than 100,000 of a family are counted"
    )
    started: int | None = Field(description="items started in the last period")
    queued: int = Field(description="items, or pages, that are due and in no worker yet")
    held: HeldLimitsView | None = Field(
        description="what QStash holds the key to at present, which after a change is what was"
        " published before, until that is through; null: workers hold the limits, or QStash does"
        " not answer"
    )

    @classmethod
    def of(cls, state: FlowState, *, queued: int, apart: int) -> FlowView:
        live, observed = state.live, state.observed
        return cls(
            key=live.key,
            parallelism=live.control.parallelism,
            rate=live.control.rate,
            period_seconds=live.control.period.total_seconds(),
            per_partition=live.partition.parallelism if live.partition else None,
            rate_per_partition=live.partition.rate if live.partition else None,
            partition_period_seconds=(
                live.partition.period.total_seconds() if live.partition else None
            ),
            source="pinned" if live.pinned else "code",
            paused=live.paused,
            throttled=[
                FlowHoldView(key=one.key, reason=one.reason, until=one.until) for one in state.holds
            ],
            active=observed.active if observed else None,
            waiting=observed.waiting if observed else None,
            waiting_apart=apart,
            started=observed.started if observed else None,
            queued=queued,
            held=HeldLimitsView.of(observed.held) if observed and observed.held else None,
        )


class FlowPartitionView(View):
    partition: str
    parallelism: int | None
    rate: float | None
    period_seconds: float
    source: Literal["code", "pinned"]
    active: int | None = Field(description="items at work now; null: Redis does not answer")
    waiting: int = Field(description="items that may not begin yet, of runs that have not ended")

    @classmethod
    def of(cls, state: PartitionState) -> FlowPartitionView:
        return cls(
            partition=state.name,
            parallelism=state.control.parallelism,
            rate=state.control.rate,
            period_seconds=state.control.period.total_seconds(),
            source="pinned" if state.pinned else "code",
            active=state.active,
            waiting=state.waiting,
        )


class FlowPartitionsAnswer(Answer):
    partitions: list[FlowPartitionView]


class FlowPointView(View):
    at: datetime
    in_use: int = Field(description="items at work then")
    starts: int = Field(description="items started in the period before")
    waiting: int
    parallelism: int | None = Field(description="in force then")
    rate: float | None

    @classmethod
    def of(cls, point: FlowPoint) -> FlowPointView:
        return cls(**{**asdict(point), "at": datetime.fromtimestamp(point.at, UTC)})


class FlowHistoryAnswer(Answer):
    points: list[FlowPointView]


class FlowAnswer(Answer):
    flow_control: FlowView


class FlowsAnswer(Answer):
    flow_control: list[FlowView]
