"""How a run ended, and what it took against what was expected."""

from __future__ import annotations

from rich.console import Console

from app.cli.answers.answers import Run
from app.cli.output.console import duration, number, printable, program
from app.workflows.runs.money import in_usd

_WORTH_SAYING = 0.5
"""Seconds for which a run was paused."""


def print_end(console: Console, run: Run) -> None:
    took = "" if run.seconds is None else f" in {duration(run.seconds)}"
    # The pace is of the time in which it ran, and is said beside that time.
    if run.seconds is not None and run.seconds - run.actual.seconds >= _WORTH_SAYING:
        took += f", of which it ran {duration(run.actual.seconds)}"
    pace = run.items_per_second
    rate = "" if pace is None else f", {pace:,.1f} items/s"
    reason = f": {printable(run.detail)}" if run.detail else ""
    console.print(f"{run.id} {run.status}{took}{rate}{reason}")
    compared = _compared(run)
    if compared:
        console.print(compared)
    if run.counters.failed + run.counters.timed_out:
        console.print(f"What failed, and why: {program()} failures {run.id}")


def _compared(run: Run) -> str:
    """Empty: nothing was estimated, and nothing was spent."""
    estimate, actual = run.estimate, run.actual
    took = cost(actual.seconds, actual.usd, actual.tokens)
    if estimate is not None and (estimate.seconds is not None or estimate.usd or estimate.tokens):
        expected = cost(estimate.seconds, estimate.usd, estimate.tokens)
        return f"Estimated: {expected}. Actual: {took}."
    return f"Actual: {took}." if actual.usd or actual.tokens else ""


def cost(seconds: float | None, usd: float | None, tokens: int | None) -> str:
    """Time, and money and tokens where there are any."""
    parts = [] if seconds is None else [duration(seconds)]
    if usd:
        parts.append(in_usd(usd))
    if tokens:
        parts.append(f"{number(tokens)} tokens")
    return ", ".join(parts) or duration(None)
