"""The options of a run: its limits, its priority, and when it must stop and ask."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator, model_validator
from pydantic.alias_generators import to_camel

from app.config.priorities import BULK, HIGHEST, LOWEST, ORDINARY
from app.config.run_bounds import (
    LONGEST_DEADLINE,
    LONGEST_STEP,
    MOST_AT_ONCE,
    MOST_AT_START,
    MOST_ATTEMPTS,
    MOST_BEFORE_JUDGED,
    MOST_CANARIES,
    MOST_GROWTH,
    MOST_ITEMS,
    MOST_TOKENS,
    MOST_USD,
    SHORTEST_STEP,
)
from app.errors import BadInput, told_of_null

if TYPE_CHECKING:
    from app.workflows.contract.job_family import AnyFamily

WITHOUT_END = MOST_AT_ONCE
"""As many as any flow control allows: a ramp that has reached it is over."""


class _Option(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
        extra="forbid",
        frozen=True,
    )

    _of_null = field_validator("*", mode="wrap")(told_of_null)


class Ramp(_Option):
    """How many items of the run may be at work at once: ``start`` at first, and ``factor`` times as
    many after every ``every_seconds`` that the run is active, until the flow key allows fewer."""

    start: int = Field(ge=1, le=MOST_AT_START, strict=True)
    factor: float = Field(2.0, gt=1, le=MOST_GROWTH, strict=True)
    every_seconds: float = Field(
        60.0, ge=SHORTEST_STEP.total_seconds(), le=LONGEST_STEP.total_seconds(), strict=True
    )

    def share(self, active_seconds: float) -> int | None:
        """How many items may be at work at once; None: the ramp is over."""
        steps = max(0, int(active_seconds // self.every_seconds))
        # By logarithms, because after days the power would overflow.
        if steps * math.log(self.factor) >= math.log(WITHOUT_END / self.start):
            return None
        return int(self.start * self.factor**steps)


class Budget(_Option):
    """What the run may spend, counted by what its family reports with ``ctx.spend``."""

    usd: float | None = Field(None, gt=0, le=MOST_USD, strict=True)
    tokens: int | None = Field(None, gt=0, le=MOST_TOKENS, strict=True)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.usd is None and self.tokens is None:
            raise ValueError("a budget names usd, tokens or both")
        return self


Attempts = Annotated[int, Field(ge=1, le=MOST_ATTEMPTS, strict=True)]
Rate = Annotated[float, Field(ge=0, le=1, strict=True)]
Canary = Annotated[int, Field(ge=1, le=MOST_CANARIES, strict=True)]
Items = Annotated[int, Field(ge=1, le=MOST_BEFORE_JUDGED, strict=True)]
Priority = Annotated[int, Field(ge=LOWEST, le=HIGHEST, strict=True)]
Seconds = Annotated[float, Field(gt=0, le=LONGEST_DEADLINE.total_seconds(), strict=True)]


class RunOptions(_Option):
    """A run's options as its row keeps them, with the family's defaults filled in."""

    attempts: Attempts | None = None
    """Executions of one item that may fail; None: the family's ``attempts`` at that time."""
    max_failure_rate: Rate | None = None
    """The share of items that may fail, counted since the start or the last resume."""
    min_items: Items = 50
    """How many items must have ended before the failure rate is judged."""
    canary: Canary | None = None
    auto_promote: bool = False
    ramp: Ramp | None = None
    budget: Budget | None = None
    deadline_seconds: Seconds | None = None
    approval: bool = False
    """Whether the run, once it has counted, waits until somebody approves it."""
    priority: Priority = ORDINARY
    """A higher one goes first: see ``app.config.priorities``."""

    def stored(self) -> dict[str, Any]:  # a JSON object
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class ScheduleOptions(_Option):
    """Options of a schedule's runs, as its row keeps them: only those that were named. For the
    others, the family's values are read anew at each fire time."""

    force: StrictBool = False
    limit: int | None = Field(None, gt=0, le=MOST_ITEMS, strict=True)
    attempts: Attempts | None = None
    max_failure_rate: Rate | None = None
    min_items: Items | None = None
    canary: Canary | None = None
    auto_promote: StrictBool = False
    ramp: Ramp | None = None
    budget: Budget | None = None
    deadline_seconds: Seconds | None = None
    approval: StrictBool | None = None
    priority: Priority | None = None

    @model_validator(mode="after")
    def _with_canary(self) -> Self:
        if self.auto_promote and self.canary is None:
            raise ValueError("autoPromote is for a run with a canary: name both")
        return self

    def stored(self) -> dict[str, Any]:  # a JSON object
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def of_run(self, family: AnyFamily) -> RunOptions:
        """
        Raises:
            BadInput: see ``options_of``.
        """
        asked = {name: getattr(self, name) for name in type(self).model_fields}
        return options_of(family, **{k: v for k, v in asked.items() if k not in ("force", "limit")})


def options_of(
    family: AnyFamily,
    *,
    bulk: bool = False,
    **asked: Any,  # as RunOptions takes them
) -> RunOptions:
    """The options that were asked for, and the family's for the rest. None: not asked for.

    Args:
        bulk: for runs that are not urgent, such as a backfill's.

    Raises:
        BadInput: the family requires approval, and the request asks for none.
    """
    if family.approval and asked.get("approval") is False:
        raise BadInput(
            f"Every run of {family.name} needs an approval. Leave approval out.", field="approval"
        )
    values: dict[str, Any] = {
        "max_failure_rate": family.max_failure_rate,
        "min_items": family.min_items,
        "deadline_seconds": None if family.deadline is None else family.deadline.total_seconds(),
        "approval": family.approval,
        "priority": min(family.priority, BULK) if bulk else family.priority,
    }
    values |= {name: value for name, value in asked.items() if value is not None}
    return RunOptions.model_validate(values)


@lru_cache(maxsize=1_000)
def read_options(text: str) -> RunOptions:
    """Parse them, with a cache: the same few texts are read with every group of outcomes."""
    return RunOptions.model_validate_json(text)
