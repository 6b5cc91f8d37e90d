"""What becomes of a batch that its provider has: looked at until it has ended, and then read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.remote_batch import BatchFault, RemoteBatch
from app.services.errors import LlmError, LlmRefused
from app.store.database import reading
from app.store.deferred import batches, calls, refused_lines, unawaited_calls
from app.store.deferred.batch_state import BatchState
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.answer_files import ERRORS, OUTPUT, AnswerFile, AnswerReader
from app.workflows.deferred.deadline import is_overdue
from app.workflows.deferred.loss import LossCheck
from app.workflows.deferred.refusal import GONE, by_line, sentence_of, unanswered, why_left
from app.workflows.deferred.reply_writer import AT_ONCE, ReplyWriter
from app.workflows.deferred.submission import BatchSubmission

GROWTH = 1.5
"""Of the time between two looks."""
LONGEST_POLLS = 20
"""Times the first one."""
DOUBTFUL = timedelta(hours=1)
"""For so long after it was handed over a second batch is looked for, where there may be one."""
FULL = "token_limit_exceeded"
"""The provider's queue holds as many tokens as it may: later it will take the batch."""
LATER = timedelta(minutes=10)
CLEANED = 20
"""A refusal that names one in so many lines rids the batch of them, and is no try of the others."""

log = structlog.get_logger("sluice.batches")


@dataclass(frozen=True, slots=True)
class BatchCourse:
    database: AsyncEngine
    writer: ReplyWriter
    submission: BatchSubmission
    files: AnswerReader
    losses: LossCheck

    async def poll(self, api: BatchEndpoint, batch: ProviderBatch) -> ProviderBatch:
        """Look how far it is. See ``BatchSubmission`` for what is raised."""
        remote_id = batch.remote_id or ""
        async with reading(self.database) as connection:
            now = await batches.clock(connection)
            unwanted = batch.cancelled_at is None and (
                is_overdue(batch, now) or not await unawaited_calls.is_awaited(connection, batch.id)
            )
        remote: RemoteBatch | None = None
        fault: LlmError | None = None
        if unwanted:
            try:
                remote = await api.cancel(remote_id)
            except LlmError as error:
                fault = error  # it may have ended before, which the next call says
            else:
                batch = await self._changed(batch, cancelled_at=batches.now())
                log.info("provider_batch_cancelled", batch=batch.id, provider=api.name)
        if remote is None:
            try:
                remote = await api.retrieve(remote_id)
            except LlmRefused as refused:
                remote = await self.losses.of_batch(api, batch, refused)
                if remote is None:
                    said = {"batch": batch.id, "provider": api.name, "error": refused.detail}
                    log.warning("provider_batch_gone", **said)
                    gone = {"remote_status": GONE, "error": refused.detail, "tries": 0}
                    return await self._changed(batch, state=BatchState.COLLECTING, **gone)
        if batch.creations > 1 and now - (batch.submitted_at or batch.created_at) < DOUBTFUL:
            await self.submission.cancel_twins(api, batch)
        return await self._record(api, batch, remote, fault)

    async def collect(self, api: BatchEndpoint, batch: ProviderBatch) -> ProviderBatch:
        """Hand its answers over, and send on what it has none for."""
        for file in (OUTPUT, ERRORS):
            if file.of(batch) is not None:
                batch = await self._read(api, batch, file)
        faults: list[BatchFault] = []
        if batch.remote_status == BatchState.FAILED:
            faults = await self._faults(api, batch)
            batch = await self._refuse_lines(batch, faults)
        full = any(fault.code == FULL for fault in faults)
        delay = max(LATER, api.policy.poll) if full else api.policy.poll
        code, message = why_left(batch, faults)
        # Of one that is not named it is not known that there is anything amiss; and those of which
        # it is written down do not come again, so that this ends.
        cleaned = batch.refused > 0 and batch.refused * CLEANED >= batch.lines
        tried = not full and not cleaned
        while True:
            async with reading(self.database) as connection:
                left = await calls.left(connection, batch.id, limit=AT_ONCE)
            if not left:
                break
            pairs = [(call, unanswered(call, code, message)) for call in left]
            batch = await self.writer.settle(batch, pairs, delay=delay, tried=tried)
        end = _end_of(batch)
        why = sentence_of(faults) or batch.error if end is BatchState.FAILED else None
        batch = await self._changed(batch, state=end, error=why, ended_at=batches.now(), tries=0)
        told = {"done": batch.done, "failed": batch.failed, "again": batch.again}
        log.info(
            "provider_batch_ended", batch=batch.id, provider=api.name, state=batch.state, **told
        )
        return batch

    async def _record(
        self,
        api: BatchEndpoint,
        batch: ProviderBatch,
        remote: RemoteBatch,
        fault: LlmError | None,
    ) -> ProviderBatch:
        """
        Args:
            remote: as the provider says that it stands.
            fault: why it could not be cancelled.
        """
        told: dict[str, object] = {
            "remote_status": remote.status,
            "polls": batch.polls + 1,
            "tries": 0,
            "poll_at": batches.later(_interval(api, batch.polls)),
            "error": sentence_of(remote.faults),
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
        elif fault is not None:
            told |= {"tries": batch.tries + 1, "error": fault.detail}
        return await self._changed(batch, **told)

    async def _faults(self, api: BatchEndpoint, batch: ProviderBatch) -> list[BatchFault]:
        """Why it was refused; empty, too, where the provider knows it no more."""
        try:
            return (await api.retrieve(batch.remote_id or "")).faults
        except LlmRefused as refused:
            await self.losses.count(batch, batch.remote_id or "", refused)
            return []

    async def _read(
        self, api: BatchEndpoint, batch: ProviderBatch, file: AnswerFile
    ) -> ProviderBatch:
        try:
            return await self.files.read(api, batch, file)
        except LlmRefused as refused:
            file_id = file.of(batch) or ""
            await self.losses.of_file(api, batch, file_id, refused)
            # What it held is gone: its requests go into another batch.
            log.warning("provider_batch_file_gone", batch=batch.id, provider=api.name, file=file_id)
            return await self._changed(batch, tries=0, **{file.id_column: None})

    async def _refuse_lines(self, batch: ProviderBatch, faults: list[BatchFault]) -> ProviderBatch:
        """Write down what the provider says of lines, while all of the file's are there, by which
        they are found; and of how many, for whoever goes on when some are settled."""
        said = by_line(faults, batch.lines)
        if said:
            async with self.database.begin() as tx:
                # First, and so nobody else settles lines meanwhile: the others' numbers would be
                # other ones.
                await batches.hold(tx, batch)
                refused = await refused_lines.refuse(tx, batch.id, said, of=batch.lines)
                if refused:
                    batch = await batches.change(tx, batch, refused=refused)
        return batch

    async def _changed(self, batch: ProviderBatch, **values: object) -> ProviderBatch:
        async with self.database.begin() as tx:
            return await batches.change(tx, batch, **values)


def _interval(api: BatchEndpoint, polls: int) -> timedelta:
    poll = api.policy.poll
    return min(poll * GROWTH ** min(polls, 50), poll * LONGEST_POLLS)


def _end_of(batch: ProviderBatch) -> BatchState:
    if batch.remote_status in (BatchState.COMPLETED, BatchState.EXPIRED, BatchState.CANCELLED):
        return BatchState(batch.remote_status)
    return BatchState.FAILED
