"""What a schedule's runs differ in from what their family says, as one types it: ``none`` takes
back what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from pydantic import JsonValue

from app.cli.input.durations import parse_seconds
from app.cli.input.limits import is_none, parse_fraction, parse_limit
from app.cli.input.run_options import Body, given
from app.cli.options import RampEvery
from app.config.priorities import HIGHEST, LOWEST
from app.config.run_bounds import (
    LONGEST_DEADLINE,
    LONGEST_STEP,
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
from app.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRunOptions:
    """The options as they were typed. None: not named."""

    limit: Annotated[
        str | None,
        typer.Option(metavar="N", help="At most so many items in each run; none: not limited."),
    ] = None
    attempts: Annotated[
        str | None,
        typer.Option(metavar="N", help="Try each item at most so often; none: as its family says."),
    ] = None
    priority: Annotated[
        str | None,
        typer.Option(metavar="N", help="0 to 9, the highest first; none: as its family says."),
    ] = None
    canary: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="Do N items first, then pause, so that somebody can look; none: all."
        ),
    ] = None
    auto_promote: Annotated[
        bool | None,
        typer.Option(
            "--auto-promote/--no-auto-promote",
            help="Go on by itself after a canary that went well.",
        ),
    ] = None
    ramp_start: Annotated[
        str | None,
        typer.Option(metavar="N", help="Begin with N items at once, and grow; none: all at once."),
    ] = None
    ramp_factor: Annotated[
        str | None, typer.Option(metavar="X", help="Grow by this factor each time; else by 2.")
    ] = None
    ramp_every: RampEvery = None
    budget_usd: Annotated[
        str | None, typer.Option(metavar="X", help="Pause when so many USD are spent; none: never.")
    ] = None
    budget_tokens: Annotated[
        str | None,
        typer.Option(metavar="N", help="Pause when so many tokens are spent; none: never."),
    ] = None
    max_failure_rate: Annotated[
        str | None,
        typer.Option(
            metavar="R",
            help="Pause when a larger share of items fails, such as 0.1; none: as its family says.",
        ),
    ] = None
    min_items: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Judge the share that fails once so many items have ended; none: as its family"
            " says.",
        ),
    ] = None
    deadline: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Pause once it was active for so long, such as 2h; none: as its family says.",
        ),
    ] = None
    force: Annotated[
        bool | None,
        typer.Option("--force/--no-force", help="Also items that have a result already."),
    ] = None
    approval: Annotated[
        bool | None,
        typer.Option(
            "--approval/--no-approval", help="Each run counts, then waits to be approved."
        ),
    ] = None

    def over(self, now: Body) -> Body | None:
        """``now`` with what was named, as the API takes it; None: nothing was.

        Raises:
            BadInput: one of them cannot be read, or lacks the one that it belongs to.
        """
        asked: Body = {
            name: value
            for name, value in (
                ("force", self.force),
                ("approval", self.approval),
                ("autoPromote", self.auto_promote),
            )
            if value is not None
        }
        for name, option, text, least, most in (
            ("limit", "--limit", self.limit, 1, MOST_ITEMS),
            ("attempts", "--attempts", self.attempts, 1, MOST_ATTEMPTS),
            ("canary", "--canary", self.canary, 1, MOST_CANARIES),
            ("priority", "--priority", self.priority, LOWEST, HIGHEST),
            ("minItems", "--min-items", self.min_items, 1, MOST_BEFORE_JUDGED),
        ):
            if text is not None:
                asked[name] = parse_limit(option, text, least=least, most=most)
        if self.max_failure_rate is not None:
            asked["maxFailureRate"] = parse_fraction(
                "--max-failure-rate", self.max_failure_rate, least=0, most=1
            )
        if self.deadline is not None:
            asked["deadlineSeconds"] = parse_seconds(
                "--deadline", _or_none(self.deadline), most=LONGEST_DEADLINE
            )
        asked |= self._ramp(now.get("ramp"))
        asked |= self._budget(now.get("budget"))
        if asked.get("canary", 1) is None:
            asked.setdefault("autoPromote", False)  # which belongs to it
        body: Body = {**now, **asked}
        if body.get("autoPromote") and body.get("canary") is None:
            raise BadInput("--auto-promote is for runs with --canary. Name both.")
        return body if asked else None

    def _ramp(self, now: JsonValue) -> Body:
        if self.ramp_start is not None and is_none(self.ramp_start):
            if self.ramp_factor is not None or self.ramp_every is not None:
                raise BadInput("--ramp-start: with none there is no factor and no time to name.")
            return {"ramp": None}
        asked: Body = {}
        if self.ramp_start is not None:
            asked["start"] = parse_limit("--ramp-start", self.ramp_start, most=MOST_AT_START)
        if self.ramp_factor is not None:
            asked["factor"] = parse_fraction(
                "--ramp-factor", self.ramp_factor, least=1, most=MOST_GROWTH, above=True
            )
        if self.ramp_every is not None:
            asked["everySeconds"] = parse_seconds(
                "--ramp-every", _or_none(self.ramp_every), least=SHORTEST_STEP, most=LONGEST_STEP
            )
        ramp = given({**_object(now), **asked})
        if asked and "start" not in ramp:
            raise BadInput("--ramp-factor and --ramp-every are for a ramp. Name --ramp-start too.")
        return {"ramp": ramp} if asked else {}

    def _budget(self, now: JsonValue) -> Body:
        asked: Body = {}
        if self.budget_usd is not None:
            asked["usd"] = parse_fraction(
                "--budget-usd", self.budget_usd, least=0, most=MOST_USD, above=True
            )
        if self.budget_tokens is not None:
            asked["tokens"] = parse_limit("--budget-tokens", self.budget_tokens, most=MOST_TOKENS)
        return {"budget": given({**_object(now), **asked}) or None} if asked else {}


def _object(value: JsonValue) -> Body:
    return value if isinstance(value, dict) else {}


def _or_none(text: str) -> str | None:
    return None if is_none(text) else text
