"""What the items of a sample came to, counted as each ends."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from app.store.items.failures import SAMPLES
from app.store.runs.averages import Averages
from app.store.statuses import ItemStatus
from app.workflows.attempts.attempt_result import AttemptResult
from app.workflows.contract.context import Cost
from app.workflows.contract.run_options import Budget
from app.workflows.failures.fingerprint import fingerprint
from app.workflows.steps.preview import PreviewStop

MOST_DIFFS = 5
MOST_STOPS = 20
"""Steps at which items stop, each with a payload."""


class SampleOutcome(StrEnum):
    """What would become of an item, as far as a preview goes."""

    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    SUSPENDED = "suspended"  # it stops at a step that no preview may go through
    POSTPONED = "postponed"  # it asks to be called again later
    UNFINISHED = "unfinished"  # the sample's time was over first


class SampleStop(StrEnum):
    """Why a sample began no more of its items."""

    DEADLINE = "deadline"  # its time is over
    BUDGET = "budget"  # what it may spend is spent
    SYSTEMIC = "systemic"  # an item said that all others would fail as well
    REFUSED = "refused"  # the flow key is paused or held, or whoever is called wants no call


@dataclass(slots=True)
class SampleGroup:
    """Items of one outcome that say the same. ``retried``: how many of them a run would try again.
    ``samples``: at most five item ids."""

    outcome: SampleOutcome
    error_class: str | None
    message: str
    count: int = 0
    retried: int = 0
    samples: list[str] = field(default_factory=list)

    def add(self, item_id: str, *, retried: bool = False) -> None:
        self.count += 1
        self.retried += retried
        if len(self.samples) < SAMPLES:
            self.samples.append(item_id)


@dataclass(slots=True)
class StopGroup:
    """Items that stop at one step; ``stop`` is the first one's."""

    stop: PreviewStop
    count: int = 0
    samples: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ResultDiff:
    """``diff``: None: too large to be compared line by line."""

    item_id: str
    diff: str | None


@dataclass(slots=True)
class SampleTally:
    """
    Args:
        budget: of which the sample stops when it is spent; None: whatever it costs.
    """

    budget: Budget | None = None
    chosen: int | None = None
    """None: they are still being counted."""
    begun: int = 0
    outcomes: Counter[SampleOutcome] = field(default_factory=Counter)
    usd: float = 0.0
    tokens: int = 0
    milliseconds: list[int] = field(default_factory=list)
    """Of those that went to their end."""
    compared: int = 0
    changed: int = 0
    diffs: list[ResultDiff] = field(default_factory=list)
    comparison_fault: str | None = None
    """Why some could not be compared."""
    stopped: SampleStop | None = None
    detail: str | None = None
    """The sentence to ``stopped``."""
    _groups: dict[tuple[SampleOutcome, str | None, str], SampleGroup] = field(default_factory=dict)
    _stops: dict[tuple[str, str], StopGroup] = field(default_factory=dict)
    _measured: int = 0
    _seconds: float = 0.0
    _cost: Cost = field(default_factory=Cost)

    @property
    def ended(self) -> int:
        return self.outcomes.total()

    @property
    def groups(self) -> list[SampleGroup]:
        """The largest first."""
        return sorted(self._groups.values(), key=lambda one: (-one.count, one.message))

    @property
    def stops(self) -> list[StopGroup]:
        """The largest first, twenty at most."""
        found = sorted(self._stops.values(), key=lambda one: (-one.count, one.stop.step))
        return found[:MOST_STOPS]

    @property
    def averages(self) -> Averages | None:
        """Of an item, but of those that stopped at a step; of those that are unfinished what they
        have taken so far. None: there was no other."""
        number = self._measured
        if not number:
            return None
        return Averages(self._seconds / number, self._cost.usd / number, self._cost.tokens / number)

    @property
    def median(self) -> float | None:
        """Milliseconds."""
        return statistics.median(self.milliseconds) if self.milliseconds else None

    @property
    def p95(self) -> float | None:
        """Milliseconds in which 95 of 100 end, by the nearest rank."""
        times = sorted(self.milliseconds)
        return times[math.ceil(0.95 * len(times)) - 1] if times else None

    def stop(self, why: SampleStop, detail: str) -> None:
        """Begin no more. The first reason counts."""
        if self.stopped is None:
            self.stopped, self.detail = why, detail

    def add(self, item_id: str, verdict: AttemptResult) -> None:
        outcome = _outcome(verdict)
        self.outcomes[outcome] += 1
        self._spend(verdict.spent)
        if outcome is SampleOutcome.SUSPENDED:
            self._stopped_at(item_id, verdict.stop)
            return
        self.milliseconds.append(verdict.work_ms)
        self._measure(verdict.work_ms / 1_000, verdict.spent)
        if outcome is SampleOutcome.SUCCEEDED:
            return
        message = verdict.error_message or ""
        told = verdict.error_group or fingerprint(message, item_id)
        key = outcome, verdict.error_class, told
        group = self._groups.setdefault(key, SampleGroup(*key))
        group.add(item_id, retried=verdict.status is ItemStatus.PENDING)
        if verdict.systemic:
            self.stop(SampleStop.SYSTEMIC, f"{verdict.error_class}: {message}")

    def cut_off(self, seconds: float, spent: Cost) -> None:
        """One that the sample's time did not suffice for."""
        self.outcomes[SampleOutcome.UNFINISHED] += 1
        self._spend(spent)
        self._measure(seconds, spent)

    def compare(self, item_id: str, diff: str | None) -> None:
        self.compared += 1
        if diff == "":
            return
        self.changed += 1
        if len(self.diffs) < MOST_DIFFS:
            self.diffs.append(ResultDiff(item_id, diff))

    def _stopped_at(self, item_id: str, stop: PreviewStop | None) -> None:
        if stop is None:
            return
        group = self._stops.setdefault((stop.step, stop.kind), StopGroup(stop))
        group.count += 1
        if len(group.samples) < SAMPLES:
            group.samples.append(item_id)

    def _measure(self, seconds: float, spent: Cost) -> None:
        self._measured += 1
        self._seconds += seconds
        self._cost = Cost(self._cost.usd + spent.usd, self._cost.tokens + spent.tokens)

    def _spend(self, spent: Cost) -> None:
        self.usd += spent.usd
        self.tokens += spent.tokens
        most = self.budget
        if most is None:
            return
        if most.usd is not None and self.usd >= most.usd:
            self.stop(SampleStop.BUDGET, f"{self.usd:.6g} of {most.usd:g} USD are spent.")
        elif most.tokens is not None and self.tokens >= most.tokens:
            self.stop(SampleStop.BUDGET, f"{self.tokens:,} of {most.tokens:,} tokens are spent.")


def _outcome(verdict: AttemptResult) -> SampleOutcome:
    if verdict.status is not ItemStatus.PENDING:
        return SampleOutcome(verdict.status)
    # It would come again: because it asks for that, or because an attempt of several has failed.
    asks = verdict.history.postponements > 0
    return SampleOutcome.POSTPONED if asks else SampleOutcome.FAILED
