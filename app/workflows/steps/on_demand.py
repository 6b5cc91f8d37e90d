"""What an item's steps in one delivery work with, made as it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

from app.store.items.claims import ItemClaim
from app.workflows.batching.batched_calls import BatchedCalls
from app.workflows.deferred.calls import DeferredCalls
from app.workflows.events.event_waits import EventWaits, ItemEvents
from app.workflows.failures.interruption import Interruption
from app.workflows.monitoring.items_at_work import ItemAtWork
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.steps.answer_links import AnswerLinks
from app.workflows.steps.children.child_runs import ChildRuns
from app.workflows.steps.journal import StepJournal
from app.workflows.steps.output_stream import OutputStream
from app.workflows.steps.runner import Steps

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StepRunnerParts:
    """What the step runner of each delivery works with. One for a worker."""

    journal: StepJournal
    children: ChildRuns
    http: httpx2.AsyncClient
    links: AnswerLinks
    batches: BatchedCalls
    deferred: DeferredCalls
    events: EventWaits


class StepsOnDemand:
    """Most items ask for no step, and all of them would pay for what steps need.

    Args:
        work: is told which steps are at work.
        origin: the first run of the chain of retries.
        remembers: an earlier delivery of the item has left steps behind.
    """

    __slots__ = (
        "_asked", "_attempt", "_bound", "_claim", "_executes", "_origin", "_parts", "_remembers",
        "_stream", "_waits", "_work",
    )  # fmt: skip

    def __init__(
        self,
        parts: StepRunnerParts,
        bound: BoundFamily,
        claim: ItemClaim,
        work: ItemAtWork,
        *,
        attempt: int,
        origin: str,
        remembers: bool,
    ) -> None:
        self._parts = parts
        self._bound = bound
        self._claim = claim
        self._origin = origin
        self._work = work
        self._attempt = attempt
        self._remembers = remembers
        self._executes: asyncio.Task[Any] | None = None
        self._asked: Steps | None = None
        self._waits: ItemEvents | None = None
        self._stream: OutputStream | None = None

    @property
    def _steps(self) -> Steps:
        if self._asked is None:
            self._asked = Steps(
                self._parts.journal,
                self._bound,
                self._claim,
                self._work,
                attempt=self._attempt,
                remembers=self._remembers,
            )
            if self._executes is not None:
                self._asked.rest.begin(self._executes)
        return self._asked

    @property
    def _events(self) -> ItemEvents:
        if self._waits is None:
            self._waits = ItemEvents(self._parts.events)
        return self._waits

    @property
    def stream(self) -> OutputStream:
        if self._stream is None:
            journal, claim = self._parts.journal, self._claim
            self._stream = OutputStream(journal, claim.run_id, claim.item_id, self._attempt)
        return self._stream

    async def around(self, work: Awaitable[T], task: asyncio.Task[Any]) -> T:
        """
        Raises:
            ItemSuspended, StepsChanged: see ``Steps.end``.
        """
        interruption = Interruption(task)
        self._executes = task
        try:
            result = await work
        except BaseException as error:
            if self._asked is not None and not interruption.thrown_away(error):
                await self._asked.rest.end(cancelled=interruption.asked(error))
            raise
        finally:
            self._executes = None
        if self._asked is not None or self._remembers:
            await self._steps.end()
        return result
