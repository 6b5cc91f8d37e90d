"""The options of ``sluice run`` that say when it must stop and ask, and the API's body of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from pydantic import JsonValue

from app.cli.input.durations import parse_seconds
from app.cli.options import (
    Approval,
    Attempts,
    BudgetTokens,
    BudgetUsd,
    Deadline,
    MaxFailureRate,
    MinItems,
    Priority,
    RampEvery,
    above,
)
from app.config.run_bounds import (
    LONGEST_DEADLINE,
    LONGEST_STEP,
    MOST_AT_START,
    MOST_CANARIES,
    MOST_GROWTH,
    SHORTEST_STEP,
)
from app.errors import BadInput

Body = dict[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStartOptions:
    """The options as they were given. None: not named."""

    attempts: Attempts = None
    priority: Priority = None
    canary: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=MOST_CANARIES,
            help="Do N items first, then pause, so that somebody can look.",
        ),
    ] = None
    auto_promote: Annotated[
        bool, typer.Option("--auto-promote", help="Go on by itself after a canary that went well.")
    ] = False
    ramp_start: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=MOST_AT_START, help="Begin with N items at once, and grow."
        ),
    ] = None
    ramp_factor: Annotated[
        float | None, above(1, MOST_GROWTH, "Grow by this factor each time; else by 2.")
    ] = None
    ramp_every: RampEvery = None
    budget_usd: BudgetUsd = None
    budget_tokens: BudgetTokens = None
    max_failure_rate: MaxFailureRate = None
    min_items: MinItems = None
    deadline: Deadline = None
    approval: Approval = False

    def body(self) -> Body:
        """What was named, as the API takes it.

        Raises:
            BadInput: a duration cannot be read, or an option lacks the one that it belongs to.
        """
        if self.auto_promote and self.canary is None:
            raise BadInput("--auto-promote is for a run with --canary. Name both.")
        return given(
            {
                "attempts": self.attempts,
                "canary": self.canary,
                "autoPromote": self.auto_promote or None,
                "ramp": self._ramp() or None,
                "budget": budget_of(self.budget_usd, self.budget_tokens) or None,
                "maxFailureRate": self.max_failure_rate,
                "minItems": self.min_items,
                "deadlineSeconds": deadline_of(self.deadline),
                "approval": self.approval or None,
                "priority": self.priority,
            }
        )

    def _ramp(self) -> Body:
        seconds = parse_seconds(
            "--ramp-every", self.ramp_every, least=SHORTEST_STEP, most=LONGEST_STEP
        )
        asked = given(
            {"start": self.ramp_start, "factor": self.ramp_factor, "everySeconds": seconds}
        )
        if asked and self.ramp_start is None:
            raise BadInput(
                "--ramp-factor and --ramp-every are for a run with --ramp-start. Name it."
            )
        return asked


def budget_of(usd: float | None, tokens: int | None) -> Body:
    return given({"usd": usd, "tokens": tokens})


def deadline_of(text: str | None) -> float | None:
    """
    Raises:
        BadInput: see ``parse_duration``.
    """
    return parse_seconds("--deadline", text, most=LONGEST_DEADLINE)


def given(asked: Body) -> Body:
    """Without what was not named."""
    return {name: value for name, value in asked.items() if value is not None}
