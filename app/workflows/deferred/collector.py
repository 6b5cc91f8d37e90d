"""Looks after providers' batches: fills them, hands them over, and reads what is answered.

One process at a time, as long as it holds the watchdog's lock. Where two take themselves for it,
rows say which of them goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.faults import Fault, away, said
from app.services.batches.endpoint import BatchEndpoint
from app.services.errors import LlmError
from app.store.database import reading
from app.store.deferred import batches, calls, unawaited_calls
from app.store.deferred.batch_state import BatchState
from app.store.deferred.batches import TakenOver
from app.store.deferred.calls import WaitingGroup
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.answer_files import AnswerReader
from app.workflows.deferred.course import BatchCourse
from app.workflows.deferred.deadline import BatchDeadline
from app.workflows.deferred.look_span import ENDLESS, LookSpan
from app.workflows.deferred.loss import LossCheck
from app.workflows.deferred.postponement import BatchPostponement, ProviderAbsent
from app.workflows.deferred.providers import absence, absent
from app.workflows.deferred.refusal import GONE
from app.workflows.deferred.reply_writer import ReplyWriter
from app.workflows.deferred.submission import BatchSubmission
from app.workflows.keys import new_id

EVERY = 5.0
"""Seconds between two looks at the most; half as long as what is to be kept, where that is less."""
SHORTEST = 0.05
ABSENT_EVERY = 60.0
"""Seconds between two looks at the batches whose provider is not there."""
AT_A_LOOK = 20
"""Batches."""
OURS = "Sluice, and not the provider, failed at it: {}. It is tried again; the log says more."

log = structlog.get_logger("sluice.batches")

BatchStep = Callable[[BatchEndpoint, ProviderBatch], Awaitable[ProviderBatch]]


@dataclass(frozen=True, slots=True)
class BatchCollector:
    """
    Args:
        providers: by name.
        largest: bytes of an answer that are kept.
    """

    database: AsyncEngine
    providers: Mapping[str, BatchEndpoint]
    writer: ReplyWriter
    largest: int
    _deadline: BatchDeadline = field(init=False)
    _postponement: BatchPostponement = field(init=False)
    _steps: Mapping[str, BatchStep] = field(init=False)

    def __post_init__(self) -> None:
        submission = BatchSubmission(self.database)
        files = AnswerReader(self.writer, self.largest)
        losses = LossCheck(self.database)
        course = BatchCourse(self.database, self.writer, submission, files, losses)
        deadline = BatchDeadline(self.database, self.writer)
        object.__setattr__(self, "_deadline", deadline)
        object.__setattr__(self, "_postponement", BatchPostponement(self.database, deadline))
        object.__setattr__(
            self,
            "_steps",
            {
                BatchState.ASSIGNED: submission.upload,
                BatchState.UPLOADED: submission.create,
                BatchState.SUBMITTED: course.poll,
                BatchState.COLLECTING: course.collect,
            },
        )

    async def run(self) -> None:
        """Until cancelled. Each provider by itself: one that hangs holds up none of the others."""
        async with asyncio.TaskGroup() as group:
            for api in self._there():
                shortest = min(api.policy.within, api.policy.poll).total_seconds() / 2
                every = max(min(EVERY, shortest), SHORTEST)
                group.create_task(_each(partial(self.look, api), every))
            group.create_task(_each(self.look_at_absent, ABSENT_EVERY))

    async def round(self, seconds: float) -> None:
        """One look at each, side by side. A call that has not ended after so many seconds is cut
        off, and counts as one that has failed; in the second half none begins."""
        span = LookSpan.of(seconds)
        looks = {api.name: self.look(api, span) for api in self._there()}
        await _all(looks | {"": self.look_at_absent()})

    async def look_at_absent(self) -> None:
        """Likewise at what waits for providers that are not there: it is told why, and ends."""
        async with reading(self.database) as connection:
            names = await batches.providers(connection)
        missing = sorted(names - {api.name for api in self._there()})
        await _all({name: self.look(absent(name, self.providers)) for name in missing})

    async def look(self, api: BatchEndpoint, span: LookSpan = ENDLESS) -> None:
        """Fill new batches, and bring each that is due as far as it goes."""
        await self._gather(api)
        async with reading(self.database) as connection:
            due = await batches.due(connection, api.name, limit=AT_A_LOOK)
        faults = []
        for batch in due:
            try:
                await self._advance(api, batch, span)
            except TakenOver:
                pass  # whoever it was goes on with it
            except Exception as error:  # noqa: BLE001 - told, once the others have had their turn
                faults.append(error)
                await self._pass_over(api, batch.id, error)
        if faults:
            raise faults[0]

    def _there(self) -> list[BatchEndpoint]:
        return [api for api in self.providers.values() if api.is_there]

    async def _gather(self, api: BatchEndpoint) -> None:
        policy = api.policy
        async with self.database.begin() as tx:
            await unawaited_calls.drop_ended(tx, api.name)
            groups = await calls.waiting(tx, api.name)
        for group in groups:
            number, size = group.number, group.size
            over = group.waited >= policy.within.total_seconds()
            while number > 0 and (over or number >= policy.size or size >= policy.most_bytes):
                lines, taken = await self._assign(api, group)
                if not lines:
                    break
                number, size = number - lines, size - taken

    async def _assign(self, api: BatchEndpoint, group: WaitingGroup) -> tuple[int, int]:
        batch_id, policy = new_id("batch"), api.policy
        async with self.database.begin() as tx:
            lines, size = await calls.assign(
                tx, api.name, group, batch_id, size=policy.size, most=policy.most_bytes
            )
            if lines:
                await batches.create(
                    tx,
                    batch_id,
                    provider=api.name,
                    url=group.url,
                    model=group.model,
                    lines=lines,
                    size=size,
                )
        return lines, size

    async def _advance(self, api: BatchEndpoint, batch: ProviderBatch, span: LookSpan) -> None:
        while (step := self._steps.get(batch.state)) is not None and not span.is_late:
            former = batch.state
            try:
                if not api.is_there:
                    raise ProviderAbsent(absence(batch.provider, self.providers))
                async with asyncio.timeout_at(span.end) as limit:
                    batch = await step(api, batch)
            except TimeoutError:
                if not limit.expired():
                    raise
                await self._postponement.cut_off(api, batch)
                return
            except LlmError as error:
                await self._postponement.put_off(api, batch, error)
                return
            if batch.state == former:
                if batch.state == BatchState.SUBMITTED:
                    # One whose cancel has just failed may be late because nobody looked after it.
                    heard = batch.cancelled_at is not None
                    await self._deadline.enforce(api, batch, heard=heard)
                return

    async def _pass_over(self, api: BatchEndpoint, batch_id: str, error: Exception) -> None:
        """Let those that are due behind it come first. The fault is ours: it is no call of the
        provider's that has failed, and no batch is given up for it."""
        known = away(error)
        if known is None:
            log.error(
                "provider_batch_stumbled",
                batch=batch_id,
                provider=api.name,
                error=said(error),
                exc_info=error,
            )
        with suppress(TakenOver):
            async with self.database.begin() as tx:
                batch = await batches.get(tx, batch_id)
                if batch is None or batch.ended_at is not None:
                    return
                told: dict[str, object] = {"poll_at": batches.later(api.policy.poll)}
                if batch.remote_status != GONE:  # of such a one it is what the items are told
                    told["error"] = known or OURS.format(said(error))
                if batch.tries:  # nor does the provider's silence last while we fail to listen
                    told["failing_since"] = batches.now()
                await batches.change(tx, batch, **told)


async def _all(looks: Mapping[str, Coroutine[object, object, None]]) -> None:
    """Side by side: one that hangs or fails holds up none of the others. Raises what the first of
    those that failed has raised, and logs the rest.

    Args:
        looks: by provider.
    """
    told = await asyncio.gather(*looks.values(), return_exceptions=True)
    faults = [(name, fault) for name, fault in zip(looks, told, strict=True) if fault is not None]
    for name, fault in faults[1:]:
        log.warning("provider_batches_passed_over", provider=name, error=said(fault))
    if faults:
        raise faults[0][1]


async def _each(look: Callable[[], Awaitable[None]], every: float) -> None:
    """Until cancelled, so many seconds apart."""
    fault = Fault(log, "provider_batches_stumbled")
    while True:
        try:
            await look()
            fault.over()
        except Exception as error:  # noqa: BLE001 - the next look tries again
            fault.seen(error)
        await asyncio.sleep(every)
