"""What the service answers of a sample, and what a caller may say of it."""

from __future__ import annotations

from typing import Any, TypedDict

from sluice.models import Estimate, ReadModel


class Budget(TypedDict, total=False):
    """What may be spent: USD, tokens, or both."""

    usd: float
    tokens: int


class SampleOutcomes(ReadModel):
    """How many items would end with each outcome. ``suspended``: stopped at a step that no preview
    may go through; ``postponed``: asked to be called again later; ``unfinished``: the sample's time
    was over."""

    succeeded: int
    skipped: int
    failed: int
    timed_out: int
    suspended: int
    postponed: int
    unfinished: int


class SampleGroup(ReadModel):
    """Items that did not succeed and say the same of it. ``retried``: of them, that a run would try
    again; ``samples``: a few ids."""

    outcome: str
    error_class: str | None
    message: str
    count: int
    retried: int
    samples: list[str]


class SampleStop(ReadModel):
    """Items that stop at one step; ``payload`` is what a person would be shown of the first, or
    what would be called."""

    step: str
    kind: str
    payload: Any  # as the family wrote it
    count: int
    samples: list[str]


class ResultDiff(ReadModel):
    """How a result differs from the stored one. ``diff``: as JSON; None: too large to be compared
    line by line."""

    item_id: str
    diff: str | None


class Spent(ReadModel):
    """What something has cost."""

    usd: float
    tokens: int


class Sample(ReadModel):
    """What a uniform sample of a run's items came to. ``chosen``: all that there are, where that is
    less than was ``asked``; ``begun``: of them; ``stopped``: why no others were, and ``detail`` is
    the sentence. ``estimate``: of a run over all of them, by what the sample took."""

    asked: int
    chosen: int
    begun: int
    outcomes: SampleOutcomes
    groups: list[SampleGroup]
    stops: list[SampleStop]
    stopped: str | None
    detail: str | None
    spent: Spent
    median_milliseconds: float | None
    p95_milliseconds: float | None
    compared: int
    changed: int
    diffs: list[ResultDiff]
    comparison_fault: str | None
    total_eligible: int | None
    to_process: int | None
    already_processed: int | None
    exact: bool
    estimate: Estimate
    seconds: float
    message: str
