"""By when a batch has ended, whatever its provider says, or fails to say.

Every moment is the database's, but for the one that the provider names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.services.batches.answer_line import AnswerLine
from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.remote_batch import WINDOW
from app.store.database import reading
from app.store.deferred import batches, calls
from app.store.deferred.batch_state import BatchState
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.reply_writer import AT_ONCE, NO_END, NO_PROVIDER, ReplyWriter

LONGEST_WINDOW = timedelta(days=7)
"""That a provider is believed: none offers a longer one."""
OVERDUE = timedelta(hours=1)
"""After its window a batch that the provider still calls under way is cancelled."""
GRACE = timedelta(days=2)
"""After that, or after whoever waited for it has gone, a batch is given up that still has not ended
or whose answers cannot be read: a provider may be away for a weekend."""
UNSENT = timedelta(days=1)
"""After so long a batch is given up that its provider has not taken."""
FAILING = timedelta(days=1)
"""For so long calls must have failed before a batch is given up: it may be late because nobody
looked after it, and its provider may be away just when somebody does again."""

log = structlog.get_logger("sluice.batches")


def due_at(batch: ProviderBatch) -> datetime:
    """When it should have ended: by the provider's word, or else by what it was asked for."""
    begun = _begun(batch)
    told = batch.expires_at
    # One that lies before its beginning is no moment: 0, or that of a clock which is wrong.
    if told is None or told <= begun:
        return begun + WINDOW
    return min(told, begun + LONGEST_WINDOW)


def is_overdue(batch: ProviderBatch, now: datetime) -> bool:
    return now > due_at(batch) + OVERDUE


def is_unsent(batch: ProviderBatch) -> bool:
    """Whether it is sure that the provider has made no batch of it."""
    return batch.remote_id is None and (batch.file_id is None or batch.attempted_at is None)


def has_failed_for_long(batch: ProviderBatch, now: datetime) -> bool:
    return batch.failing_since is not None and now >= batch.failing_since + FAILING


@dataclass(frozen=True, slots=True)
class BatchDeadline:
    database: AsyncEngine
    writer: ReplyWriter

    async def enforce(
        self, api: BatchEndpoint, batch: ProviderBatch, *, heard: bool = False
    ) -> None:
        """End the batch if its time is over, and tell its items. Before, it has been cancelled as
        often as the provider was heard.

        Args:
            heard: its provider has just said that it has not ended; else it is asked for a day
                before its silence counts.

        Raises:
            TakenOver
        """
        async with reading(self.database) as connection:
            now = await batches.clock(connection)
        if batch.ended_at is not None or now < _given_up_at(batch):
            return
        if not heard and not has_failed_for_long(batch, now):
            return
        if not api.is_there and await self._is_elsewhere(batch.provider):
            return
        unpaid = is_unsent(batch) or batch.remote_status == BatchState.FAILED
        if unpaid and not api.is_there:
            code, detail = NO_PROVIDER, _without_provider(batch)
        elif is_unsent(batch):
            code, detail = "not_submitted", batch.error or "The provider has not taken its batch."
        elif batch.remote_status == BatchState.FAILED:
            # Nothing of it was answered, and so nothing is paid for.
            code, detail = "batch_failed", batch.error or "The provider has refused its batch."
        else:
            code, detail = NO_END, _sentence(batch)
        await self.give_up(api, batch, code, detail)
        log.warning(
            "provider_batch_given_up", batch=batch.id, provider=api.name, code=code, error=detail
        )

    async def _is_elsewhere(self, provider: str) -> bool:
        """Whether another process has what this one lacks, as far as rows tell."""
        async with reading(self.database) as connection:
            return await batches.is_asked(connection, provider, FAILING)

    async def give_up(
        self, api: BatchEndpoint, batch: ProviderBatch, code: str, detail: str
    ) -> None:
        """End it, and tell those of its items that have no answer.

        Raises:
            TakenOver
        """
        while True:
            async with reading(self.database) as connection:
                left = await calls.left(connection, batch.id, limit=AT_ONCE)
            if not left:
                break
            pairs = [(call, AnswerLine(call.id, None, code, detail)) for call in left]
            batch = await self.writer.settle(batch, pairs, delay=api.policy.poll)
        async with self.database.begin() as tx:
            await batches.change(
                tx, batch, state=BatchState.FAILED, error=detail, ended_at=batches.now()
            )


def _begun(batch: ProviderBatch) -> datetime:
    return batch.submitted_at or batch.attempted_at or batch.created_at


def _given_up_at(batch: ProviderBatch) -> datetime:
    if is_unsent(batch):
        return batch.created_at + UNSENT
    if batch.cancelled_at is not None:
        return batch.cancelled_at + GRACE
    return due_at(batch) + OVERDUE + GRACE


def _without_provider(batch: ProviderBatch) -> str:
    why = f" {batch.error}" if batch.error else ""
    return f"For a day nobody could ask {batch.provider!r} for its batch.{why} Then retry the item."


def _sentence(batch: ProviderBatch) -> str:
    if batch.state == BatchState.COLLECTING:
        said = f"The answers of batch {batch.remote_id} could not be read"
    elif batch.remote_id is None:
        said = f"The provider never said whether it had made batch {batch.id}"
    else:
        said = f"Batch {batch.remote_id} did not end, and was {batch.remote_status} at last"
    why = f": {batch.error}" if batch.error else "."
    return f"{said}{why} It may be paid for, so nothing asks it again until the item is retried."
