"""A run that waits for somebody to approve it: what it asks, and whether it still waits."""

from __future__ import annotations

from dataclasses import dataclass

from app.store.statuses import PauseReason, RunStatus
from app.store.tables.base import Json
from app.store.tables.runs import Run
from app.workflows.counting.eligibility_count import EligibilityCount
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.expectation import Estimate, in_usd


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What whoever approves must know: as a sentence, and for programs."""

    sentence: str
    data: Json


def question(
    bound: BoundFamily, found: EligibilityCount, estimate: Estimate, canary: int, *, fixed: bool
) -> ApprovalRequest:
    """
    Args:
        canary: how many items come first; 0: no canary.
        fixed: the ids are kept as they were counted. What a family's own query, file or API
            answers cannot be, so the sentence says so.
    """
    statistics = found.statistics
    anew = "" if fixed else f" Which {bound.family.entity.plural} these are is read as it goes on."
    first = f", {canary:,} of them first" if canary else ""
    return ApprovalRequest(
        f"The run would process {_how_many(bound, found)}{first}{_what_it_takes(estimate)}"
        f"{_overwriting(found)}"
        f".{anew} Approve it to let it go on, or cancel it.",
        {
            "totalEligible": statistics.total_eligible,
            "toProcess": statistics.to_process,
            "alreadyProcessed": statistics.already_processed,
            "toOverwrite": found.to_overwrite,
            "exact": statistics.exact,
            "fixed": fixed,
            "estimate": estimate.model_dump(mode="json"),
            "sample": list(found.sample),
        },
    )


def waits_for_approval(run: Run) -> bool:
    return run.status == RunStatus.PAUSED and run.reason == PauseReason.APPROVAL


def _how_many(bound: BoundFamily, found: EligibilityCount) -> str:
    many, statistics = bound.family.entity.plural, found.statistics
    if statistics.to_process is None or statistics.total_eligible is None:
        return f"an unknown number of {many}"
    about = "" if statistics.exact else "about "
    return f"{about}{statistics.to_process:,} of {statistics.total_eligible:,} {many}"


def _overwriting(found: EligibilityCount) -> str:
    if not found.to_overwrite:
        return ""
    about = "" if found.overwrite_exact else "about "
    return f", and overwrite {about}{found.to_overwrite:,} results"


def _what_it_takes(estimate: Estimate) -> str:
    """As far as it is known."""
    about = "at least" if estimate.at_least else "about"
    parts = [] if estimate.seconds is None else [f"in {about} {estimate.seconds:,g} s"]
    if estimate.usd:
        parts.append(f"for about {in_usd(estimate.usd)}")
    if estimate.tokens:
        parts.append(f"with about {estimate.tokens:,} tokens")
    return "".join(f", {part}" for part in parts)
