"""What becomes of a batch that its provider has: looked at until it has ended, and then read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.services.batches.answer_line import AnswerLine
from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.remote_batch import BatchFault, RemoteBatch
from app.services.errors import LlmRefused
from app.store.database import reading
from app.store.deferred import batches, calls
from app.store.deferred.batch_state import BatchState
from app.store.deferred.calls import OpenCall
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.reply_writer import AT_ONCE, REFUSED, ReplyWriter
from app.workflows.deferred.submission import BatchSubmission

HEAVIEST = 8_000_000
"""Bytes of answers that are written together, unless one alone is larger."""
GROWTH = 1.5
"""Of the time between two looks."""
LONGEST_POLLS = 20
"""Times the first one."""
OVERDUE = timedelta(hours=1)
"""After its end a batch that the provider still calls under way is cancelled."""
DOUBTFUL = timedelta(hours=1)
"""For so long a second batch that was made for one is looked for, where that may be."""
MOST_MISSING = 5
"""Looks in a row at which the provider does not know the batch, or its file, before it is given up.
"""
FULL = "token_limit_exceeded"
"""The provider's queue holds as many tokens as it may: later it will take the batch."""
LATER = timedelta(minutes=10)
GONE = "gone"

log = structlog.get_logger("sluice.batches")


@dataclass(frozen=True, slots=True)
class BatchCourse:
    """
    Args:
        largest: bytes of an answer that are kept.
    """

    database: AsyncEngine
    writer: ReplyWriter
    submission: BatchSubmission
    largest: int

    async def poll(self, api: BatchEndpoint, batch: ProviderBatch) -> ProviderBatch:
        """Look how far it is. See ``BatchSubmission`` for what is raised."""
        remote_id = batch.remote_id or ""
        try:
            if batch.cancelled_at is None and await self._is_to_be_cancelled(batch):
                remote = await api.cancel(remote_id)
                batch = await self._changed(batch, cancelled_at=batches.now())
                log.info("provider_batch_cancelled", batch=batch.id, provider=api.name)
            else:
                remote = await api.retrieve(remote_id)
        except LlmRefused as refused:
            if refused.answered == 404 and batch.tries + 1 >= MOST_MISSING:
                return await self._changed(
                    batch,
                    state=BatchState.COLLECTING,
                    remote_status=GONE,
                    error=refused.detail,
                    tries=0,
                )
            if refused.answered in (400, 409) and batch.cancelled_at is None:
                remote = await api.retrieve(remote_id)  # it ended before it could be cancelled
            else:
                raise
        if batch.creations > 1 and datetime.now(UTC) - batch.created_at < DOUBTFUL:
            await self.submission.cancel_others(api, batch)
        return await self._seen(api, batch, remote)

    async def collect(self, api: BatchEndpoint, batch: ProviderBatch) -> ProviderBatch:
        """Hand its answers over, and send on what it has none for."""
        for file, column in ((batch.output_file, "output_read"), (batch.error_file, "error_read")):
            if file is not None:
                batch = await self._read(api, batch, file, column)
        faults: list[BatchFault] = []
        if batch.remote_status == BatchState.FAILED:
            faults = (await api.retrieve(batch.remote_id or "")).faults
            batch = await self._refuse_lines(batch, faults, api.policy.poll)
        full = any(fault.code == FULL for fault in faults)
        delay = max(LATER, api.policy.poll) if full else api.policy.poll
        code, message = _why_left(batch, faults)
        while True:
            async with reading(self.database) as connection:
                left = await calls.left(connection, batch.id, limit=AT_ONCE)
            if not left:
                break
            pairs = [(call, AnswerLine(call.id, None, code, message)) for call in left]
            batch = await self.writer.settle(batch, pairs, delay=delay, tried=not full)
        end = _end_of(batch)
        why = _sentence(faults) or batch.error if end is BatchState.FAILED else None
        batch = await self._changed(batch, state=end, error=why, ended_at=batches.now(), tries=0)
        told = {"done": batch.done, "failed": batch.failed, "again": batch.again}
        log.info(
            "provider_batch_ended", batch=batch.id, provider=api.name, state=batch.state, **told
        )
        return batch

    async def _seen(
        self, api: BatchEndpoint, batch: ProviderBatch, remote: RemoteBatch
    ) -> ProviderBatch:
        told: dict[str, object] = {
            "remote_status": remote.status,
            "polls": batch.polls + 1,
            "tries": 0,
            "poll_at": batches.later(_interval(api, batch.polls)),
            "error": _sentence(remote.faults),
        }
        if remote.expires_at is not None:
            told["expires_at"] = datetime.fromtimestamp(remote.expires_at, UTC)
        if remote.ended:
            told |= {
                "state": BatchState.COLLECTING,
                "output_file": remote.output_file_id,
                "error_file": remote.error_file_id,
                "poll_at": batches.now(),
            }
        return await self._changed(batch, **told)

    async def _is_to_be_cancelled(self, batch: ProviderBatch) -> bool:
        if batch.expires_at is not None and datetime.now(UTC) > batch.expires_at + OVERDUE:
            return True
        async with reading(self.database) as connection:
            return not await calls.is_awaited(connection, batch.id)

    async def _read(
        self, api: BatchEndpoint, batch: ProviderBatch, file: str, column: str
    ) -> ProviderBatch:
        skip: int = getattr(batch, column)
        some: list[AnswerLine | None] = []
        odd = weight = 0
        try:
            async with aclosing(api.answers(file, largest=self.largest, skip=skip)) as lines:
                async for line in lines:
                    odd += line is None
                    some.append(line)
                    weight += len(line.body or "") if line is not None else 0
                    if len(some) == AT_ONCE or weight >= HEAVIEST:
                        batch = await self._written(api, batch, some, column)
                        some, weight = [], 0
        except LlmRefused as refused:
            # What it held is gone: its requests go into another batch.
            if refused.answered not in (404, 410) or batch.tries + 1 < MOST_MISSING:
                raise
            log.warning("provider_batch_file_gone", batch=batch.id, provider=api.name, file=file)
        if some:
            batch = await self._written(api, batch, some, column)
        if odd:
            log.warning("provider_batch_odd_lines", batch=batch.id, provider=api.name, lines=odd)
        return batch

    async def _written(
        self,
        api: BatchEndpoint,
        batch: ProviderBatch,
        some: list[AnswerLine | None],
        column: str,
    ) -> ProviderBatch:
        return await self.writer.write(batch, some, column=column, delay=api.policy.poll)

    async def _refuse_lines(
        self, batch: ProviderBatch, faults: list[BatchFault], delay: timedelta
    ) -> ProviderBatch:
        """Fail those whose lines the provider has named, while all of the file's lines are there,
        by which they are found."""
        if batch.done or batch.failed or batch.again or batch.dropped:
            return batch
        pairs: list[tuple[OpenCall, AnswerLine]] = []
        async with reading(self.database) as connection:
            for line, message in _by_line(faults).items():
                found = await calls.left(connection, batch.id, offset=line - 1, limit=1)
                pairs += ((call, AnswerLine(call.id, None, REFUSED, message)) for call in found)
        return await self.writer.settle(batch, pairs, delay=delay) if pairs else batch

    async def _changed(self, batch: ProviderBatch, **values: object) -> ProviderBatch:
        async with self.database.begin() as tx:
            return await batches.change(tx, batch, **values)


def _interval(api: BatchEndpoint, polls: int) -> timedelta:
    poll = api.policy.poll
    return min(poll * GROWTH ** min(polls, 50), poll * LONGEST_POLLS)


def _by_line(faults: list[BatchFault]) -> Mapping[int, str]:
    """What is wrong with each, of as many as are settled in one transaction."""
    named = ((fault.line, fault.message or fault.code) for fault in faults)
    found = {line: said or "It was not said why." for line, said in named if line and line > 0}
    return dict(list(found.items())[:AT_ONCE])


def _why_left(batch: ProviderBatch, faults: list[BatchFault]) -> tuple[str, str]:
    status = batch.remote_status
    said = _sentence(faults) or batch.error
    if status == BatchState.COMPLETED:
        return "left_out", f"Batch {batch.remote_id} has ended without an answer to it."
    more = f": {said}" if said else "."
    return f"batch_{status}", f"Batch {batch.remote_id} is {status}{more}"


def _end_of(batch: ProviderBatch) -> BatchState:
    if batch.remote_status in (BatchState.COMPLETED, BatchState.EXPIRED, BatchState.CANCELLED):
        return BatchState(batch.remote_status)
    return BatchState.FAILED


def _sentence(faults: list[BatchFault]) -> str | None:
    return " ".join(_sentences(faults)) or None


def _sentences(faults: list[BatchFault]) -> Iterator[str]:
    for fault in faults[:3]:
        at = "" if fault.line is None else f"Line {fault.line}: "
        yield f"{at}{fault.message or fault.code or ''}".strip()
