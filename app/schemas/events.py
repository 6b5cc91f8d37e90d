"""What happened to a run, and how it stands meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from app.schemas.base import Answer, View
from app.schemas.runs import ActualView, CountersView, PausedKeys, ThrottledView, paused_keys_of
from app.store.statuses import EventKind, RunStage, RunStatus

if TYPE_CHECKING:
    from app.store.tables.runs import Run, RunEvent
    from app.workflows.throttles.looks import Held


class EventView(View):
    id: int
    at: datetime
    kind: EventKind
    who: str
    reason: str | None
    detail: str | None
    data: dict[str, Any] | None
    note: str | None = Field(description="why, in the words of who did it")

    @classmethod
    def of(cls, event: RunEvent) -> Self:
        return cls(**event.model_dump(exclude={"run_id"}))


class ProgressView(View):
    """What changes of a run while it goes on; the names are those of the run itself."""

    status: RunStatus
    stage: RunStage
    reason: str | None
    detail: str | None
    throttled: ThrottledView | None
    paused_keys: PausedKeys
    counters: CountersView
    ended: int = Field(description="items that have an outcome")
    paged: bool
    actual: ActualView

    @classmethod
    def of(cls, run: Run, held: Mapping[str, Held]) -> Self:
        return cls(
            throttled=ThrottledView.of(run, held),
            paused_keys=paused_keys_of(run, held),
            status=RunStatus(run.status),
            stage=RunStage(run.stage),
            reason=run.reason,
            detail=run.detail,
            counters=CountersView(**run.model_dump(include=set(CountersView.model_fields))),
            ended=run.ended,
            paged=run.paged,
            actual=ActualView.of(run),
        )

    def differs(self, other: ProgressView | None) -> bool:
        """Time passes by itself: that alone is no change."""
        apart = {"actual": {"seconds"}}
        return other is None or self.model_dump(exclude=apart) != other.model_dump(exclude=apart)


class EventsAnswer(Answer):
    events: list[EventView]
    next_cursor: str | None
