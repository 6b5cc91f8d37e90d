"""What the checklist finds, and what it could not look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    ERROR = "error"  # it does not work, or stalls what is beside it
    WARNING = "warning"  # it works, and is unwise


class Rule(StrEnum):
    """By these names findings are told, and allowed: ``# check: allow save-without-existing`` on
    the line that a finding names, or on the one before."""

    REFUSED = "refused"
    SCHEDULE_WITHOUT_PARAMS = "schedule-without-params"
    SAVE_WITHOUT_EXISTING = "save-without-existing"
    TIMEOUT_TOO_LONG = "timeout-too-long"
    NO_FLOW_LIMIT = "no-flow-limit"
    BLOCKING_CALL = "blocking-call"
    ELIGIBLE_REFUSED = "eligible-refused"
    IDS_NOT_UNIQUE = "ids-not-unique"
    IDS_WITHOUT_INDEX = "ids-without-index"
    NO_TEST = "no-test"


@dataclass(frozen=True, slots=True)
class Place:
    """``file`` is absolute, lines begin at 1."""

    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class Finding:
    """``message`` is a sentence that says what to do."""

    rule: Rule
    severity: Severity
    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class SkippedCheck:
    """A rule that could not be looked at, and why."""

    rule: Rule
    reason: str


@dataclass(slots=True)
class Findings:
    """Of one family."""

    found: list[Finding] = field(default_factory=list)
    skipped: list[SkippedCheck] = field(default_factory=list)

    def error(self, rule: Rule, place: Place, message: str) -> None:
        self.found.append(Finding(rule, Severity.ERROR, place, message))

    def warning(self, rule: Rule, place: Place, message: str) -> None:
        self.found.append(Finding(rule, Severity.WARNING, place, message))

    def skip(self, rule: Rule, reason: str) -> None:
        self.skipped.append(SkippedCheck(rule, reason))


def not_allowed(found: Sequence[Finding]) -> list[Finding]:
    """Those that no comment allows, in the order of their places."""
    kept = [one for one in found if not _is_allowed(one)]
    return sorted(kept, key=lambda one: (str(one.place.file), one.place.line, one.rule))


def _is_allowed(finding: Finding) -> bool:
    lines = finding.place.file.read_text("utf-8").splitlines()
    around = lines[max(0, finding.place.line - 2) : finding.place.line]
    return any(f"# check: allow {finding.rule}" in line for line in around)
