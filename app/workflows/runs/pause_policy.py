"""When a run must stop by itself and ask: told from its counters, its options and its params."""

from __future__ import annotations

from dataclasses import dataclass

from app.store.runs.counters import RunProgress
from app.store.statuses import PauseReason
from app.workflows.contract.run_options import RunOptions
from app.workflows.runs.expectation import in_usd
from app.workflows.serialization.params import EntityRefused, Unreadable
from app.workflows.serialization.secret_box import SecretsLost


@dataclass(frozen=True, slots=True)
class PauseCause:
    """Why a run must pause. ``detail`` is a sentence for the operator."""

    reason: PauseReason
    detail: str


def must_pause(counted: RunProgress, options: RunOptions) -> PauseCause | None:
    """Judge a running run after a group of its outcomes was counted."""
    return _over_budget(counted, options) or _failing(counted, options)


def unreadable(error: Unreadable) -> PauseCause:
    """The code is another than the one that the run was started with, or the key of its secrets is
    not here."""
    if isinstance(error, SecretsLost):
        return PauseCause(
            PauseReason.PARAMS_CHANGED,
            f"A process cannot read the run's secrets. {error.detail} Then resume the run, or"
            " cancel it and start another.",
        )
    reason, what = PauseReason.PARAMS_CHANGED, "params"
    do = "Bring back code that takes them, or let migrate_params convert them,"
    if isinstance(error, EntityRefused):
        reason, what = PauseReason.ENTITY_CHANGED, "entity"
        do = "Bring back code that takes it"
    return PauseCause(
        reason,
        f"The family takes the run's {what} no more: {error.detail} {do} and resume the run; or"
        " cancel it and start another.",
    )


def judge_canary(counted: RunProgress, options: RunOptions) -> PauseCause | None:
    """Whether the run must pause now that all canary items have ended. None: the rest may
    follow."""
    ended = counted.succeeded + counted.skipped + counted.failed
    limit = options.max_failure_rate
    healthy = limit is None or counted.failed <= limit * ended
    if options.auto_promote and healthy:
        return None
    return PauseCause(
        PauseReason.CANARY,
        f"The canary has ended: of {ended} items {counted.succeeded} succeeded,"
        f" {counted.skipped} were skipped and {counted.failed} failed. Resume the run to go on with"
        " the rest, or cancel it.",
    )


def _over_budget(counted: RunProgress, options: RunOptions) -> PauseCause | None:
    budget = options.budget
    if budget is None:
        return None
    if budget.usd is not None and counted.spent_usd >= budget.usd:
        spent = in_usd(budget.usd)
    elif budget.tokens is not None and counted.spent_tokens >= budget.tokens:
        spent = f"{budget.tokens:,} tokens"
    else:
        return None
    return PauseCause(
        PauseReason.BUDGET,
        # Not what it has spent so far: what is at work still ends, and spends more.
        f"The run has spent its budget of {spent}, and what is at work may add to it. Resume it"
        " with a larger budget, or cancel it.",
    )


def _failing(counted: RunProgress, options: RunOptions) -> PauseCause | None:
    limit = options.max_failure_rate
    if limit is None or counted.judged < options.min_items:
        return None
    if counted.judged_failed <= limit * counted.judged:
        return None
    return PauseCause(
        PauseReason.FAILURE_RATE,
        f"{counted.judged_failed} of {counted.judged} items failed, which is more than"
        f" {limit:.0%}. Look at the failures; resume the run when their cause is gone.",
    )
