"""The steps of one item, as one delivery of it goes through them."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from app.logs import DebugLog
from app.store.items.claims import ItemClaim
from app.store.statuses import StepKind, StepStatus
from app.store.steps.steps import StepRecord
from app.tracing.current import within
from app.workflows.contract.backoff import Backoff
from app.workflows.contract.exceptions import (
    Disposition,
    Ruling,
    StepFailed,
    StepMisused,
    disposition,
)
from app.workflows.failures.delays import before_retry, check_moment, of_step, remark
from app.workflows.failures.error_text import class_of, sentence_of_all
from app.workflows.failures.interruption import Interruption
from app.workflows.keys import Layer
from app.workflows.monitoring.items_at_work import ItemAtWork
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.steps.failed_steps import RaisedSteps
from app.workflows.steps.journal import StepJournal
from app.workflows.steps.payloads import StepCall, check_name
from app.workflows.steps.replay import StepReplay
from app.workflows.steps.suspension import PendingWait, SuspensionMonitor

T = TypeVar("T")

detail_log = DebugLog("sluice.item")

_WITHIN: ContextVar[str | None] = ContextVar("sluice_step", default=None)
"""The step that is at work in this task, and in those that it began."""


class Steps:
    """
    Args:
        remembers: an earlier delivery has left steps behind.
        attempt: at the item, from 1.
    """

    __slots__ = (
        "_bound", "_claim", "_journal", "_replay", "_work", "item_id", "raised", "rest", "run_id",
    )  # fmt: skip

    def __init__(
        self,
        journal: StepJournal,
        bound: BoundFamily,
        claim: ItemClaim,
        work: ItemAtWork,
        *,
        attempt: int,
        remembers: bool,
    ) -> None:
        self._journal = journal
        self._work = work
        self._bound = bound
        self._claim = claim
        self._replay = StepReplay(journal, claim, attempt=attempt, remembers=remembers)
        self.run_id = claim.run_id
        self.item_id = claim.item_id
        self.raised = RaisedSteps()
        self.rest = SuspensionMonitor()

    async def end(self) -> None:
        """``execute`` has returned.

        Raises:
            ItemSuspended: all that is left of it waits.
            StepsChanged: it did not ask for a step that is remembered.
        """
        self.rest.open = False
        if self._replay.begun:
            await self.rest.end(cancelled=False)
        await self._replay.end()

    async def ask(self, name: str, kind: StepKind) -> StepCall:
        """
        Raises:
            StepMisused, StepsChanged: the code asks for what it cannot mean.
            StepFailed: it has failed for good in this attempt at the item.
        """
        alone = self.rest.enter()
        for caught in self.raised.caught(alone=alone):
            with self.rest.working():
                await self.remember(caught, StepStatus.FAILED)
        check_name(name)
        outer = _WITHIN.get()
        if outer is not None:
            raise StepMisused(
                f"Step {name!r} is asked for inside step {outer!r}, whose result alone would be"
                " remembered. Let execute ask for both."
            )
        asked = await self._replay.ask(name, kind, alone=alone)
        if detail_log.is_on():
            detail_log.debug(
                "step_asked", **self._place(), step=name, kind=kind, remembered=asked.done
            )
        return asked

    async def tried(
        self,
        asked: StepCall,
        once: Callable[[], Awaitable[object]],
        attempts: int,
        backoff: Backoff,
    ) -> Any:  # what `once` returned
        """Try until it returns, and remember that."""
        record = asked.record
        left = asked.left(None)
        if left is not None and record.tries:
            await self.rest.wait(PendingWait(record, left, fresh=False))
        while True:
            with self.rest.working(), self.raised.of(record):
                failed = await self._once(record, once)
                if failed is None:
                    return self.load(await self.remember(record, StepStatus.DONE))
                if record.tries >= attempts:
                    await self.remember(record, StepStatus.FAILED)
                    raise StepFailed(
                        record.name, record.error_class or "", record.error_message or ""
                    ) from failed.whole
            chance = random.random()  # noqa: S311 - jitter, not a secret
            asked_for = failed.delay
            if asked_for is None:
                asked_for = backoff.delay(record.tries, chance)
            record.status = StepStatus.WAITING
            record.error_message = f"{record.error_message}{remark(asked_for)}"
            await self.rest.wait(PendingWait(record, before_retry(asked_for, chance), fresh=True))

    async def sleep(self, name: str, delay: timedelta) -> None:
        asked = await self.ask(name, StepKind.SLEEP)
        if not asked.done:
            await self.waited(asked, StepStatus.WAITING, of_step(name, "delay", delay))

    async def sleep_until(self, name: str, moment: datetime) -> None:
        asked = await self.ask(name, StepKind.SLEEP)
        if asked.done:
            return
        check_moment(name, moment)
        delay = None if asked.known else of_step(name, "sleep", moment - await self._journal.now())
        await self.waited(asked, StepStatus.WAITING, delay)

    async def waited(
        self,
        asked: StepCall,
        status: StepStatus,
        limit: timedelta | None,
        *,
        begun: bool = False,
        over: Callable[[StepRecord], Awaitable[None]] | None = None,
    ) -> str | None:
        """Wait in the queue, or here while something else of the item is at work. Returns what is
        remembered once the time is over.

        Args:
            begun: the journal knows of it already.
            over: called when the time is over, before that is remembered.
        """
        asked.record.status = status
        fresh = asked.fresh and not begun
        await self.rest.wait(PendingWait(asked.record, asked.left(limit), fresh))
        with self.rest.working():
            if over is not None:
                await over(asked.record)
            return await self.remember(asked.record, StepStatus.DONE)

    async def remember(self, record: StepRecord, status: StepStatus) -> str | None:
        """Returns the result that is remembered, which may be that of another delivery."""
        record.status = status
        record.finished_at = datetime.now(UTC)
        text = await self._journal.remember(self._claim, record)
        if detail_log.is_on():
            detail_log.debug(
                "step_remembered",
                **self._place(),
                step=record.name,
                status=status,
                tries=record.tries,
                error=record.error_class,
            )
        return text

    def load(self, text: str | None) -> Any:  # whatever was remembered
        return None if text is None else self._bound.values.load(text)

    def _place(self) -> dict[str, str]:
        """Which item it is, for the log."""
        return {
            "family": self._bound.name,
            "layer": Layer.EXECUTE,
            "run": self.run_id,
            "item": self.item_id,
        }

    async def _once(
        self, record: StepRecord, once: Callable[[], Awaitable[object]]
    ) -> Disposition | None:
        """Returns what went wrong and may go better next time."""
        token = _WITHIN.set(record.name)
        interruption = Interruption()
        self._work.begin(record.name, record.tries + 1)
        try:
            with within(f"step {record.name}", {"sluice.try": record.tries + 1}):
                value = await once()
        except BaseException as error:
            found = disposition(error)
            if found.ruling is not Ruling.RETRY or interruption.asked(error):
                raise
            record.tries += 1
            record.attempts += 1
            record.error_class = class_of(found.error)
            record.error_message = sentence_of_all(found)
            return found
        finally:
            self._work.end(record.name)
            _WITHIN.reset(token)
        record.tries += 1
        record.attempts += 1
        record.error_class = record.error_message = None
        record.result = self._bound.values.dump(value, f"{record.name}: result")
        return None
