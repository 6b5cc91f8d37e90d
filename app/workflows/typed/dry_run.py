"""What a run would do, and what executing one item would give, as code is told it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.store.statuses import ItemStatus
from app.workflows.counting.eligibility_count import EligibilityCount
from app.workflows.runs.expectation import Estimate

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class DryRun:
    """``survey`` is the count itself. The properties are its figures, by their names over HTTP;
    None: not known."""

    survey: EligibilityCount
    estimate: Estimate

    @property
    def total_eligible(self) -> int | None:
        return self.survey.statistics.total_eligible

    @property
    def to_process(self) -> int | None:
        return self.survey.statistics.to_process

    @property
    def already_processed(self) -> int | None:
        return self.survey.statistics.already_processed

    @property
    def to_overwrite(self) -> int | None:
        """How many of those to process have a result, which a run with ``force`` overwrites."""
        return self.survey.to_overwrite

    @property
    def stale(self) -> int | None:
        """How many of the eligible have a result of another version of the family, which counts no
        more."""
        return self.survey.statistics.stale

    @property
    def exact(self) -> bool:
        """False: the figures are extrapolated, because the count took too long."""
        return self.survey.statistics.exact

    @property
    def sample(self) -> Sequence[str]:
        """The first few ids to process."""
        return self.survey.sample


@dataclass(frozen=True, slots=True)
class ItemPreview(Generic[ResultT]):
    """What executing an item would give. ``outcome``: the item's outcome. ``reason`` and
    ``error_class``: why, if it is not ``succeeded``. ``overwrites``: whether the item has a result;
    None: the family does not tell."""

    item_id: str
    outcome: ItemStatus
    result: ResultT | None
    reason: str | None
    error_class: str | None
    overwrites: bool | None
    milliseconds: int
