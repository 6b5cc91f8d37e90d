"""What a sample came to."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from app.schemas.base import Answer, View
from app.schemas.workflow_answers import StopView
from app.workflows.runs.expectation import Estimate, in_usd, none_eligible
from app.workflows.samples.tally import SampleOutcome, SampleStop

if TYPE_CHECKING:
    from app.workflows.family import Entity
    from app.workflows.samples.service import SampleResult
    from app.workflows.samples.tally import SampleGroup, SampleTally, StopGroup


class SampleOutcomes(View):
    """How many of the items would end so."""

    succeeded: int
    skipped: int
    failed: int = Field(description="those that a run would try again among them")
    timed_out: int
    suspended: int = Field(description="stop at a step that no preview may go through: see stops")
    postponed: int = Field(description="ask to be called again later")
    unfinished: int = Field(description="were broken off, because the sample's time was over")

    @classmethod
    def of(cls, tally: SampleTally) -> Self:
        return cls(**{outcome.value: tally.outcomes[outcome] for outcome in SampleOutcome})


class SampleGroupView(View):
    """Items that did not succeed and say the same of it."""

    outcome: SampleOutcome
    error_class: str | None = Field(description="null: of those that are skipped")
    message: str = Field(description="without what differs from item to item")
    count: int
    retried: int = Field(description="of them, that a run would try again")
    samples: list[str] = Field(description="a few item ids")

    @classmethod
    def of(cls, group: SampleGroup) -> Self:
        return cls(**asdict(group))


class SampleStopView(StopView):
    """Items that stop at one step; ``payload`` is the first one's."""

    count: int
    samples: list[str] = Field(description="a few item ids")

    @classmethod
    def of(cls, group: StopGroup) -> Self:
        stop = group.stop
        return cls(
            step=stop.step,
            kind=stop.kind,
            payload=stop.payload,
            count=group.count,
            samples=group.samples,
        )


class SpentView(View):
    usd: float
    tokens: int


class ResultDiffView(View):
    item_id: str
    diff: str | None = Field(
        description="unified, of what is stored and the result, as JSON, and cut where it is long;"
        " null: too large to be compared line by line"
    )


class SampleAnswer(Answer):
    """What a uniform sample of a run's items came to. Nothing was saved."""

    dry_run: Literal[True] = True
    asked: int
    chosen: int = Field(description="as many as were asked for, or all that there are")
    begun: int = Field(description="of the chosen; the others were not executed: see stopped")
    outcomes: SampleOutcomes
    groups: list[SampleGroupView] = Field(description="the largest first")
    stops: list[SampleStopView] = Field(description="likewise, twenty at most")
    stopped: SampleStop | None = Field(description="why no others began; null: all have")
    detail: str | None = Field(description="the sentence to that")
    spent: SpentView
    median_milliseconds: float | None = Field(
        description="of those that went to their end, as p95; null: none did"
    )
    p95_milliseconds: float | None
    compared: int = Field(description="succeeded, and something is stored for them")
    changed: int = Field(description="of the compared, whose result is another")
    diffs: list[ResultDiffView] = Field(description="of a few of them")
    comparison_fault: str | None = Field(
        description="why some could not be compared; null: nothing went wrong"
    )
    total_eligible: int | None
    to_process: int | None = Field(description="what a run would be for")
    already_processed: int | None
    exact: bool = Field(
        description="false: the count took too long; the numbers are extrapolated, and the sample"
        " is of what was counted"
    )
    estimate: Estimate = Field(description="of a run over all of them, by what the sample took")
    seconds: float = Field(description="that the sample took")
    message: str


class SampleProgress(View):
    """Of a sample that goes on, in a stream. ``chosen``: null: it still counts."""

    chosen: int | None
    begun: int
    ended: int
    outcomes: SampleOutcomes

    @classmethod
    def of(cls, tally: SampleTally) -> Self:
        return cls(
            chosen=tally.chosen,
            begun=tally.begun,
            ended=tally.ended,
            outcomes=SampleOutcomes.of(tally),
        )


def sample_answer(entity: Entity, sample: SampleResult) -> SampleAnswer:
    tally, statistics = sample.tally, sample.counted.statistics
    return SampleAnswer(
        asked=sample.request.size,
        chosen=tally.chosen or 0,
        begun=tally.begun,
        outcomes=SampleOutcomes.of(tally),
        groups=[SampleGroupView.of(group) for group in tally.groups],
        stops=[SampleStopView.of(group) for group in tally.stops],
        stopped=tally.stopped,
        detail=tally.detail,
        spent=SpentView(usd=round(tally.usd, 6), tokens=tally.tokens),
        median_milliseconds=tally.median,
        p95_milliseconds=tally.p95,
        compared=tally.compared,
        changed=tally.changed,
        diffs=[ResultDiffView(item_id=one.item_id, diff=one.diff) for one in tally.diffs],
        comparison_fault=tally.comparison_fault,
        total_eligible=statistics.total_eligible,
        to_process=statistics.to_process,
        already_processed=statistics.already_processed,
        exact=statistics.exact,
        estimate=sample.estimate,
        seconds=round(sample.seconds, 3),
        message=_message(entity, sample),
    )


_WORDS = (
    (SampleOutcome.SUCCEEDED, "would succeed"),
    (SampleOutcome.SKIPPED, "would be skipped"),
    (SampleOutcome.FAILED, "failed"),
    (SampleOutcome.TIMED_OUT, "timed out"),
    (SampleOutcome.SUSPENDED, "would wait or change something elsewhere"),
    (SampleOutcome.POSTPONED, "asked to come later"),
    (SampleOutcome.UNFINISHED, "did not end in time"),
)


def _message(entity: Entity, sample: SampleResult) -> str:
    """In a sentence or more."""
    tally, statistics = sample.tally, sample.counted.statistics
    many = entity.plural
    if not tally.chosen:
        none = (
            none_eligible(many)
            if not statistics.total_eligible
            else f"All {many} already processed"
        )
        return f"{none}."
    few = tally.chosen < sample.request.size
    fewer = (
        f"There are {tally.chosen} {many} to process, and not {sample.request.size}. "
        if few
        else ""
    )
    cost = ""
    if tally.usd or tally.tokens:
        amounts = [in_usd(tally.usd)] if tally.usd else []
        amounts += [f"{tally.tokens:,} tokens"] if tally.tokens else []
        cost = f", for {' and '.join(amounts)}"
    counts = [f"{tally.outcomes[one]} {word}" for one, word in _WORDS if tally.outcomes[one]]
    came = f": {', '.join(counts)}" if counts else ""
    named = entity.singular if tally.begun == 1 else many
    sentence = f"Executed {tally.begun} {named} and saved nothing{cost}{came}."
    return f"{fewer}{sentence}{f' It stopped: {tally.detail}' if tally.stopped else ''}"
