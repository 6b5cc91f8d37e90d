"""How a run ended, and what it took against what was expected."""

from __future__ import annotations

from rich.console import Console

from app.cli.output.console import duration, number, printable, program, when
from app.schemas.items import StepView
from app.schemas.runs import RunView
from app.store.statuses import ENDED, RunStage, RunStatus
from app.workflows.runs.expectation import Estimate, in_usd

_WORTH_SAYING = 0.5
"""Seconds for which a run was paused."""


def print_end(console: Console, run: RunView) -> None:
    seconds = seconds_of(run)
    took = "" if seconds is None else f" in {duration(seconds)}"
    # The pace is of the time in which it ran, and is said beside that time.
    if seconds is not None and seconds - run.actual.seconds >= _WORTH_SAYING:
        took += f", of which it ran {duration(run.actual.seconds)}"
    pace = items_per_second(run)
    rate = "" if pace is None else f", {pace:,.1f} items/s"
    reason = f": {printable(run.detail)}" if run.detail else ""
    console.print(f"{run.id} {run.status}{took}{rate}{reason}")
    compared = _compared(run)
    if compared:
        console.print(compared)
    if run.counters.failed + run.counters.timed_out:
        console.print(f"What failed, and why: {program()} failures {run.id}")


def _compared(run: RunView) -> str:
    """Empty: nothing was estimated, and nothing was spent."""
    estimate, actual = run.estimate, run.actual
    took = cost(actual.seconds, actual.usd, actual.tokens)
    if estimate is not None and (estimate.seconds is not None or estimate.usd or estimate.tokens):
        return f"Estimated: {expected_cost(estimate)}. Actual: {took}."
    return f"Actual: {took}." if actual.usd or actual.tokens else ""


def expected_cost(estimate: Estimate) -> str:
    """``at_least`` is of the time alone, and so the others are said to be nearly what is told."""
    if estimate.seconds is None or not estimate.at_least:
        return cost(estimate.seconds, estimate.usd, estimate.tokens)
    spent = [f"about {one}" for one in _spent(estimate.usd, estimate.tokens)]
    return ", ".join([f"at least {duration(estimate.seconds)}", *spent])


def cost(seconds: float | None, usd: float | None, tokens: int | None) -> str:
    """Time, and money and tokens where there are any."""
    time = [] if seconds is None else [duration(seconds)]
    return ", ".join(time + _spent(usd, tokens)) or duration(None)


def _spent(usd: float | None, tokens: int | None) -> list[str]:
    money = [in_usd(usd)] if usd else []
    return money + ([f"{number(tokens)} tokens"] if tokens else [])


def held_up_by(run: RunView) -> str | None:
    """What goes on where none of its items does: its throttle, a pause of its flow key, or its
    finish."""
    if run.throttled is not None:
        until = run.throttled.until
        told = "" if until is None else f" until {when(until)}"
        return f"throttled{told}: {printable(run.throttled.reason)}"
    paused = paused_key(run)
    if paused is not None:
        return f"flow key {printable(paused)} is paused"
    return "finishing" if run.stage is RunStage.FINISHING and not has_ended(run) else None


def paused_key(run: RunView) -> str | None:
    """The first that keeps it from going on; None: none does. Of a layer that it has left nothing
    would start anyway, and a run that is paused itself says so."""
    if run.status == RunStatus.PAUSED:
        return None
    left = [] if run.status == RunStatus.PENDING else [f"{run.family}.process"]
    left += [f"{run.family}.paginate"] if run.paged else []
    return next((key for key in run.paused_keys if key not in left), None)


def has_ended(run: RunView) -> bool:
    return run.status in ENDED


def total_of(run: RunView) -> int | None:
    """Of items; None while it is not known. An extrapolated number may prove too small."""
    counters = run.counters
    if run.paged or counters.to_process is None:
        return counters.scheduled if run.paged else None
    return max(counters.to_process, counters.scheduled)


def seconds_of(took: RunView | StepView) -> float | None:
    """From its start to its end, with what it waited in between; None: it has not ended."""
    if took.started_at is None or took.finished_at is None:
        return None
    return (took.finished_at - took.started_at).total_seconds()


def items_per_second(run: RunView) -> float | None:
    """Of the time in which it ran: a pause is no slowness."""
    active = run.actual.seconds
    return run.ended / active if active and run.ended else None
