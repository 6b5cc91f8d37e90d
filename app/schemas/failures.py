"""What failed in a run, and what trying it again starts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from pydantic import Field

from app.schemas.base import Answer, View

if TYPE_CHECKING:
    from app.store.items.failures import Group


class FailureView(View):
    group: str = Field(description="to retry these items by")
    error_class: str
    message: str = Field(description="without what differs from item to item")
    count: int
    first_at: datetime
    last_at: datetime
    samples: list[str] = Field(description="a few item ids")

    @classmethod
    def of(cls, group: Group, group_id: str) -> Self:
        return cls(
            group=group_id,
            error_class=group.error_class,
            message=group.error_group,
            count=group.count,
            first_at=group.first_at,
            last_at=group.last_at,
            samples=group.samples,
        )


class FailuresAnswer(Answer):
    failures: list[FailureView]
    total: int = Field(description="items that failed or timed out, shown in a group or not")


class RetryAnswer(Answer):
    run_id: str
    retry_of: str
    items: int = Field(description="how many the new run begins with")
    message: str
