"""When a run must stop and ask: from the options of ``sluice run`` to the body of the API."""

from __future__ import annotations

from pydantic import JsonValue

from app.cli.input.durations import parse_duration
from app.errors import BadInput

Body = dict[str, JsonValue]


def options(
    *,
    attempts: int | None,
    canary: int | None,
    auto_promote: bool,
    ramp: tuple[int | None, float | None, str | None],
    budget: tuple[float | None, int | None],
    max_failure_rate: float | None,
    deadline: str | None,
    approval: bool,
    priority: int | None,
) -> Body:
    """Only what was given. ``ramp``: start, factor, every; ``budget``: USD, tokens.

    Raises:
        BadInput: a duration is none, or an option lacks the one that it belongs to.
    """
    if auto_promote and canary is None:
        raise BadInput("--auto-promote is for a run with --canary. Name both.")
    seconds = None if deadline is None else parse_duration("--deadline", deadline).total_seconds()
    asked: Body = {
        "attempts": attempts,
        "canary": canary,
        "autoPromote": auto_promote or None,
        "ramp": _ramp(*ramp) or None,
        "budget": budget_of(*budget) or None,
        "maxFailureRate": max_failure_rate,
        "deadlineSeconds": seconds,
        "approval": approval or None,
        "priority": priority,
    }
    return _given(asked)


def budget_of(usd: float | None, tokens: int | None) -> Body:
    return _given({"usd": usd, "tokens": tokens})


def _ramp(start: int | None, factor: float | None, every: str | None) -> Body:
    seconds = None if every is None else parse_duration("--ramp-every", every).total_seconds()
    asked = _given({"start": start, "factor": factor, "everySeconds": seconds})
    if asked and start is None:
        raise BadInput("--ramp-factor and --ramp-every are for a run with --ramp-start. Name it.")
    return asked


def _given(asked: Body) -> Body:
    return {name: value for name, value in asked.items() if value is not None}
