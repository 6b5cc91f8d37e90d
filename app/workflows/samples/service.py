"""Executing a uniform sample of what a run would be for, and saving nothing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from app.errors import BadInput
from app.workflows.contract.context import Context
from app.workflows.contract.run_options import Budget
from app.workflows.counting.eligibility import count_eligible
from app.workflows.counting.eligibility_count import EligibilityCount
from app.workflows.previews import PreviewService
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.estimate import Estimator
from app.workflows.runs.expectation import Estimate
from app.workflows.runs.request import RunRequest
from app.workflows.samples.execution import SampleExecution
from app.workflows.samples.tally import SampleTally
from app.workflows.sources.item_source import source_of
from app.workflows.sources.prerequisites import require_ready

MOST_ITEMS = 200
USUAL_ITEMS = 50
SHORTEST, LONGEST = 1.0, 300.0
"""Seconds."""
USUAL_SECONDS = 60.0
KEPT_FREE = 2
"""Connections for families' code that samples leave to other calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest:
    """
    Args:
        run: what a run would be asked; the sample is of what that would process.
        size: items at the most.
        seconds: for all of it: what is at work then is broken off.
        budget: what it may spend; when that is spent, nothing else begins.
    """

    run: RunRequest
    size: int = USUAL_ITEMS
    seconds: float = USUAL_SECONDS
    budget: Budget | None = None

    def __post_init__(self) -> None:
        """
        Raises:
            BadInput: more, or longer, than a sample may be.
        """
        if not 1 <= self.size <= MOST_ITEMS:
            raise BadInput(f"A sample is of 1 to {MOST_ITEMS} items.", field="size")
        if not SHORTEST <= self.seconds <= LONGEST:
            raise BadInput(f"A sample has {SHORTEST:g} to {LONGEST:g} seconds.", field="seconds")


@dataclass(frozen=True, slots=True)
class SampleResult:
    """``estimate``: of a run over all of them, by what the sample took. ``seconds``: how long the
    sample itself did."""

    request: SampleRequest
    counted: EligibilityCount
    tally: SampleTally
    estimate: Estimate
    seconds: float


class SampleService:
    """
    Args:
        connections: to Postgres for families' code that the API calls. No more items are at work
            at once, of all samples of the process, than can have one: others would fail for want
            of one, which in a worker they would wait for.
        counting: seconds for it.
    """

    def __init__(
        self,
        previews: PreviewService,
        context: Callable[..., Context],
        estimator: Estimator,
        connections: int,
        counting: float,
    ) -> None:
        self._previews = previews
        self._context = context
        self._estimator = estimator
        self._at_once = max(1, connections - KEPT_FREE)
        self._places = asyncio.Semaphore(self._at_once)
        self._counting = counting
        self._endless: set[asyncio.Task[None]] = set()
        """What runs on although it was told to end: the loop alone would forget it."""

    async def sample(
        self, bound: BoundFamily, request: SampleRequest, tally: SampleTally | None = None
    ) -> SampleResult:
        """Count, choose, and execute; ``load`` and ``execute`` alone, as in a preview of one item.
        Whatever becomes of the items is no error.

        Args:
            tally: in which the caller sees how far it is.

        Raises:
            BadInput: a run could not be asked the same; or they cannot be counted in the time.
            NotReady: the family says that its work cannot be done just now.
            SluiceError: what the family reads fails, or the flow key lets none begin.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        tally = tally or SampleTally()
        tally.budget = request.budget
        try:
            async with asyncio.timeout(request.seconds) as limit:
                counted = await self._choose(bound, request)
        except TimeoutError:
            if not limit.expired():
                raise
            many = bound.family.entity.plural
            raise BadInput(
                f"The {many} could not be counted within {request.seconds:g} s. Give the sample"
                " more seconds.",
                field="seconds",
            ) from None
        chosen = list(counted.canary)
        random.shuffle(chosen)  # of those that begin each is as likely as any, however few they are
        tally.chosen = len(chosen)
        execution = SampleExecution(
            self._previews, bound, request.run.params, tally, self._places, began + request.seconds
        )
        await execution.go(chosen, self._at_once, self._endless)
        estimate = await self._estimator.estimate(
            bound, request.run.params, counted, tally.averages
        )
        return SampleResult(request, counted, tally, estimate, loop.time() - began)

    async def _choose(self, bound: BoundFamily, request: SampleRequest) -> EligibilityCount:
        asked = request.run
        bound.params.keep(asked.params)
        bound.check_ids(asked.item_ids)
        ctx = self._context(bound)
        await require_ready(bound, asked.params, ctx)
        return await count_eligible(
            bound,
            source_of(bound, asked.params, ctx, asked),
            asked.params,
            ctx,
            force=asked.force,
            limit=asked.limit,
            budget=min(self._counting, request.seconds / 2),
            canary=request.size if asked.limit is None else min(request.size, asked.limit),
            partitions=True,
        )
