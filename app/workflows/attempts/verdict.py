"""What follows from what an item's own code has raised."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from app.store.statuses import ItemStatus
from app.workflows.attempts.attempt_result import AttemptResult
from app.workflows.contract.exceptions import Ruling, disposition
from app.workflows.failures.delays import before_retry, remark
from app.workflows.failures.error_text import class_of, sentence_of_all, traceback_of
from app.workflows.failures.fingerprint import fingerprint
from app.workflows.registry.bound_family import BoundFamily

MOST_POSTPONEMENTS = 1_000
"""RetryAfter uses up no attempt; without a bound it could put an item off for ever."""
NO_TIME = timedelta(0)


def judged(
    bound: BoundFamily,
    verdict: AttemptResult,
    error: BaseException,
    item_id: str,
    *,
    attempts: int,
    timed_out: bool,
) -> AttemptResult:
    history, found = verdict.history, disposition(error)
    message = sentence_of_all(found)
    if found.ruling is Ruling.SKIP:
        return replace(verdict, status=ItemStatus.SKIPPED, error_message=message)
    verdict = replace(
        verdict,
        status=ItemStatus.FAILED,
        error_class=class_of(found.error),
        error_message=message,
        error_group=fingerprint(message, item_id),
        error_traceback=traceback_of(error),
        hold=found.hold,
    )
    if timed_out:
        limit = bound.family.timeout.total_seconds()
        message = f"It took longer than {limit:g} s."
        return replace(
            verdict,
            status=ItemStatus.TIMED_OUT,
            error_class="Timeout",
            error_message=message,
            error_group=message,
        )
    unused = replace(history, attempts=history.attempts - 1)
    if found.ruling is Ruling.PAUSE:
        # Not the item's fault: it keeps its attempts, and stays to be done.
        return replace(verdict, status=ItemStatus.PENDING, history=unused, systemic=True)
    if found.ruling is Ruling.POSTPONE and history.postponements < MOST_POSTPONEMENTS:
        later = replace(unused, postponements=history.postponements + 1)
        return _again(replace(verdict, history=later), found.delay or NO_TIME)
    if found.ruling is Ruling.FAIL or history.attempts >= attempts:
        return verdict
    if found.delay is not None:
        return _again(verdict, found.delay)
    chance = random.random()  # noqa: S311 - jitter, not a secret
    return _again(verdict, bound.family.backoff.delay(history.attempts, chance))


def _again(verdict: AttemptResult, asked: timedelta) -> AttemptResult:
    chance = random.random()  # noqa: S311 - jitter, not a secret
    return replace(
        verdict,
        status=ItemStatus.PENDING,
        delay=before_retry(asked, chance),
        error_message=f"{verdict.error_message}{remark(asked)}",
    )
