"""How much of a family's work is done."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from app.schemas.base import Answer, View

if TYPE_CHECKING:
    from app.store.tables.monitoring import Coverage


class CoverageView(View):
    eligible: int
    with_result: int
    exact: bool = Field(description="false: extrapolated, because the count took too long")


class CoverageDayView(CoverageView):
    day: date = Field(description="in UTC")

    @classmethod
    def of(cls, row: Coverage) -> Self:
        return cls(**row.model_dump(include=set(cls.model_fields)))


class CoverageAnswer(Answer):
    family: str
    params: dict[str, Any] | None = Field(  # as the family declares them
        description="null: the family needs some, and none were named"
    )
    now: CoverageView | None = Field(
        description="null: it was not asked for, or the family does not tell what has a result"
    )
    days: list[CoverageDayView] = Field(
        description="the last 90 on which something was recorded, the oldest first, with the"
        " family's own params"
    )
