"""Handing a batch to its provider: its file first, and then the batch that is made of it.

Either call may be heard although its answer is lost, with us or with our process. So what is about
to be asked is committed first; whoever goes on looks in the provider's lists for what has come of
it, and asks again only if nothing has, for as long as a list may take to show it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.pages import ListRefused, ListTooLong
from app.services.batches.remote_batch import RemoteBatch
from app.services.errors import LlmError, LlmRefused, LlmUnavailable, RateLimited
from app.store.database import reading
from app.store.deferred import batches, calls, unawaited_calls
from app.store.deferred.batch_state import BatchState
from app.store.deferred.batches import TakenOver
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.deadline import UNSENT, has_failed_for_long

LINES = 50
"""Of a file, read at once: each may be of a million bytes, and few are."""
SOON = timedelta(seconds=1)
TOO_LARGE = (
    "It was larger than its provider's settings allow, so its requests go into smaller ones."
)

log = structlog.get_logger("sluice.batches")


@dataclass(frozen=True, slots=True)
class BatchSubmission:
    """Every method returns the batch as it stands then, and raises ``TakenOver`` where another
    process has changed it, and an ``LlmError`` where the provider does not do as it is asked."""

    database: AsyncEngine

    async def upload(self, api: BatchEndpoint, batch: ProviderBatch) -> ProviderBatch:
        if batch.attempted_at is not None:
            found = None
            with suppress(LlmRefused):  # a file that is there twice costs nothing
                found = await api.find_file(file_name(batch), batch.created_at)
            if found is not None:
                return await self._uploaded(batch, found.id)
            if await self._may_show_up(api, batch):
                return await self._changed(batch, poll_at=batches.later(SOON))
        async with self.database.begin() as tx:
            await batches.hold(tx, batch)
            dropped = await unawaited_calls.drop_of_batch(tx, batch.id)
            lines, size = await calls.measure(tx, batch.id)
            told: dict[str, object] = {"attempted_at": batches.now()}
            too_large = lines > api.policy.size or size > api.policy.most_bytes
            if too_large:
                # Gathered by a process that did not have the provider's settings, or had others.
                await calls.release(tx, batch.id)
                told = {"again": batch.again + lines, "error": TOO_LARGE}
            if too_large or not lines:
                told |= {"state": BatchState.CANCELLED, "ended_at": batches.now()}
            batch = await batches.change(
                tx, batch, lines=lines, size=size, dropped=batch.dropped + dropped, **told
            )
        if batch.ended_at is not None:
            return batch
        try:
            file = await api.upload(file_name(batch), size, self._content(batch))
        except (LlmRefused, RateLimited):
            await self._refused(batch)
            raise
        return await self._uploaded(batch, file.id)

    async def create(self, api: BatchEndpoint, batch: ProviderBatch) -> ProviderBatch:
        if batch.attempted_at is not None:
            found = await api.find_batches(batch.id, batch.created_at)
            if found:
                batch = await self._submitted(batch, found[0])
                log.info("provider_batch_found", batch=batch.id, provider=api.name)
                await _cancel_twins(api, batch, found)
                return batch
            if await self._may_show_up(api, batch):
                return await self._changed(batch, poll_at=batches.later(SOON))
            batch = await self._changed(batch, attempted_at=None)  # no list shows it
            async with reading(self.database) as connection:
                now = await batches.clock(connection)
            if has_failed_for_long(batch, now) and now >= batch.created_at + UNSENT:
                raise LlmUnavailable("The provider has not taken its batch.")
        batch = await self._changed(
            batch, attempted_at=batches.now(), creations=batch.creations + 1
        )
        try:
            made = await api.create(batch.id, batch.url, batch.file_id or "")
        except (LlmRefused, RateLimited):
            await self._refused(batch)
            raise
        try:
            batch = await self._submitted(batch, made)
        except TakenOver:
            await self._take_back(api, batch, made)
            raise
        log.info("provider_batch_submitted", batch=batch.id, provider=api.name, lines=batch.lines)
        return batch

    async def cancel_twins(self, api: BatchEndpoint, batch: ProviderBatch) -> None:
        """Of several that were made for one, each but that which its row knows: a list did not show
        it when it was looked for."""
        try:
            made = await api.find_batches(batch.id, batch.created_at)
        except (ListRefused, ListTooLong) as unseen:
            # Nor would the next look see one: what this batch has said is not to wait for that.
            told = {"batch": batch.id, "provider": api.name, "error": unseen.detail}
            log.warning("provider_batch_twins_unseen", **told)
        else:
            await _cancel_twins(api, batch, made)

    async def _take_back(self, api: BatchEndpoint, batch: ProviderBatch, made: RemoteBatch) -> None:
        """Another process goes on with the batch, and may have made it, too."""
        async with reading(self.database) as connection:
            stands = await batches.get(connection, batch.id)
        if stands is None or stands.remote_id not in (None, made.id):
            log.warning("provider_batch_made_twice", batch=batch.id, provider=api.name)
            with suppress(LlmError):  # whoever goes on finds it by its metadata
                await api.cancel(made.id)

    async def _uploaded(self, batch: ProviderBatch, file_id: str) -> ProviderBatch:
        return await self._changed(
            batch,
            state=BatchState.UPLOADED,
            file_id=file_id,
            attempted_at=None,
            tries=0,
            error=None,
            poll_at=batches.now(),
        )

    async def _submitted(self, batch: ProviderBatch, made: RemoteBatch) -> ProviderBatch:
        return await self._changed(
            batch,
            state=BatchState.SUBMITTED,
            remote_id=made.id,
            remote_status=made.status,
            attempted_at=None,
            tries=0,
            error=None,
            submitted_at=batches.now(),
            poll_at=batches.now(),
        )

    async def _refused(self, batch: ProviderBatch) -> None:
        """Nothing will come of what was asked."""
        await self._changed(batch, attempted_at=None)

    async def _may_show_up(self, api: BatchEndpoint, batch: ProviderBatch) -> bool:
        async with reading(self.database) as connection:
            now = await batches.clock(connection)
        return batch.attempted_at is not None and now < batch.attempted_at + api.doubt

    async def _changed(self, batch: ProviderBatch, **values: object) -> ProviderBatch:
        async with self.database.begin() as tx:
            return await batches.change(tx, batch, **values)

    async def _content(self, batch: ProviderBatch) -> AsyncIterator[bytes]:
        after = ""
        while True:
            async with reading(self.database) as connection:
                page = await calls.page_of_file(connection, batch.id, after=after, limit=LINES)
            if not page:
                return
            after = page[-1][0]
            yield "".join(calls.line_of(one, batch.url, body) for one, body in page).encode()


async def _cancel_twins(
    api: BatchEndpoint, batch: ProviderBatch, made: Sequence[RemoteBatch]
) -> None:
    for one in made:
        if one.id != batch.remote_id and not one.ended and one.status != "cancelling":
            log.warning("provider_batch_made_twice", batch=batch.id, provider=api.name)
            with suppress(LlmRefused):  # as it would be the next time, and this one is to go on
                await api.cancel(one.id)


def file_name(batch: ProviderBatch) -> str:
    return f"{batch.id}.jsonl"
