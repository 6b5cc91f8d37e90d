"""How providers' batches are shown, and what waits for one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Self

from pydantic import Field

from app.schemas.base import Answer, View
from app.store.deferred.batch_state import BatchState

if TYPE_CHECKING:
    from app.store.deferred.batches import WaitingCalls
    from app.store.deferred.delays import DelayedBatches
    from app.store.tables.steps import ProviderBatch


class StepBatchView(View):
    """The provider's batch for which a step waits."""

    id: str | None = Field(description="null: its request is in none yet; see provider-batches")
    state: BatchState | None
    remote_status: str | None = Field(description="in the provider's words")
    expires_at: datetime | None

    @classmethod
    def of(cls, batch: ProviderBatch | None) -> Self:
        told = {} if batch is None else batch.model_dump(include=set(cls.model_fields))
        return cls(**dict.fromkeys(cls.model_fields) | told)


class ProviderBatchView(View):
    id: str
    provider: str
    url: str
    model: str
    state: BatchState
    remote_id: str | None = Field(description="as the provider calls it; null: it has none yet")
    remote_status: str | None = Field(description="in the provider's words, when last asked")
    lines: int
    done: int = Field(description="lines whose answers their items have")
    failed: int = Field(description="lines whose items were told of an error")
    again: int = Field(description="lines that went on to another batch")
    dropped: int = Field(description="lines for which no item waited any more")
    error: str | None = Field(
        description="what stands in its way; once it has ended, what ended it"
    )
    created_at: datetime
    submitted_at: datetime | None
    expires_at: datetime | None = Field(description="when the provider gives it up")
    cancelled_at: datetime | None = Field(description="when the provider was asked to cancel it")
    ended_at: datetime | None

    @classmethod
    def of(cls, batch: ProviderBatch) -> Self:
        return cls(**batch.model_dump(include=set(cls.model_fields)))


class WaitingCallsView(View):
    """Requests that are in no batch yet, of one provider, URL and model."""

    provider: str
    url: str
    model: str
    number: int
    since: datetime

    @classmethod
    def of(cls, waiting: WaitingCalls) -> Self:
        return cls(**asdict(waiting))


class DelayedBatchesView(View):
    """Batches of a provider that does not do as it is asked."""

    provider: str
    error: str = Field(description="what it says of the oldest instead, or why it cannot be asked")
    since: datetime
    batches: int
    lines: int

    @classmethod
    def of(cls, delayed: DelayedBatches) -> Self:
        return cls(**asdict(delayed))


class ProviderBatchesAnswer(Answer):
    batches: list[ProviderBatchView]
    waiting: list[WaitingCallsView] = Field(description="in the first page; at most 20")
    next_cursor: str | None
