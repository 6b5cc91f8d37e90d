"""A batch whose provider does not do as it is asked: it is asked again, ever more seldom, the runs
that wait are told, and at last it is given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.services.batches.endpoint import BatchEndpoint
from app.services.errors import LlmError, LlmRefused, LlmUnavailable, RateLimited
from app.store.database import reading
from app.store.deferred import batches, delays, unawaited_calls
from app.store.deferred.batch_state import BatchState
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.deadline import BatchDeadline, is_unsent
from app.workflows.deferred.reply_writer import REFUSED

REFUSALS = frozenset({400, 413, 415, 422})
MOST_REFUSALS = 3
"""In a row. One alone may be of a file that the provider does not find yet."""
MOST_TOLD = 1_000
"""Runs of one batch."""
LONGEST_DELAY = timedelta(minutes=10)
CUT_OFF = (
    "The call had not ended when the tick's time for it was over. If it was that for a file, let"
    " fewer requests go into a batch (LLM_BATCH_SIZE, or size= of its BatchPolicy)."
)

log = structlog.get_logger("sluice.batches")


class ProviderAbsent(LlmError):
    """This process lacks the provider's settings, or the code has none of the name."""


@dataclass(frozen=True, slots=True)
class BatchPostponement:
    database: AsyncEngine
    deadline: BatchDeadline

    async def put_off(self, api: BatchEndpoint, former: ProviderBatch, error: LlmError) -> None:
        """The provider did not do as it was asked.

        Args:
            former: the batch as it was before the call.
        """
        async with reading(self.database) as connection:
            batch = await batches.get(connection, former.id)
        if batch is None or batch.ended_at is not None or await self._is_withdrawn(api, batch):
            return
        log.warning("provider_batch_put_off", batch=batch.id, provider=api.name, error=error.detail)
        delay = min(api.policy.poll * 2 ** min(batch.tries, 10), LONGEST_DELAY)
        if isinstance(error, RateLimited):
            delay = max(delay, error.retry_after)
        told: dict[str, object] = {"error": error.detail, "tries": batch.tries + 1}
        refused = isinstance(error, LlmRefused) and error.answered in REFUSALS
        if refused and is_unsent(batch):
            again = batch.denied == batch.state
            told |= {"denied": batch.state, "denials": batch.denials + 1 if again else 1}
        elif _denial(batch) != _denial(former):
            told |= {"denied": batch.denied, "denials": batch.denials}  # the call was such a one
        async with self.database.begin() as tx:
            batch = await batches.change(tx, batch, **told, poll_at=batches.later(delay))
        if batch.tries >= delays.TELL_AFTER:
            await self._tell_runs(batch, error)
        if refused and is_unsent(batch) and batch.denials >= MOST_REFUSALS:
            await self.deadline.give_up(api, batch, REFUSED, error.detail)
            log.warning(
                "provider_batch_refused", batch=batch.id, provider=api.name, error=error.detail
            )
        else:
            await self.deadline.enforce(api, batch)

    async def cut_off(self, api: BatchEndpoint, former: ProviderBatch) -> None:
        """A call had not ended when the time for it was over. Where that was enough to get on with
        what the batch has said, nothing has failed.

        Args:
            former: as it was before the call.
        """
        async with reading(self.database) as connection:
            batch = await batches.get(connection, former.id)
        if batch is None or batch.ended_at is not None:
            return
        if _progress(batch) == _progress(former):
            await self.put_off(api, former, LlmUnavailable(CUT_OFF))
            return
        async with self.database.begin() as tx:  # those that are due behind it come first
            await batches.change(tx, batch, tries=0, error=None, poll_at=batches.now())

    async def _is_withdrawn(self, api: BatchEndpoint, batch: ProviderBatch) -> bool:
        """Whether nobody waits for it any more, and its provider has nothing to cancel: it has
        ended then.

        Raises:
            TakenOver
        """
        if not is_unsent(batch):
            return False
        async with self.database.begin() as tx:
            await batches.hold(tx, batch)
            if await unawaited_calls.is_awaited(tx, batch.id):
                return False
            dropped = batch.dropped + await unawaited_calls.drop_batch(tx, batch.id)
            end = {"state": BatchState.CANCELLED, "error": None, "ended_at": batches.now()}
            await batches.change(tx, batch, dropped=dropped, **end)
        log.info("provider_batch_cancelled", batch=batch.id, provider=api.name)
        return True

    async def _tell_runs(self, batch: ProviderBatch, error: LlmError) -> None:
        provider, reason = batch.provider, _word_of(error)
        async with reading(self.database) as connection:
            waiting = await delays.untold_runs(
                connection, batch.id, provider, reason, most=MOST_TOLD
            )
        detail = f"A batch of {provider!r} makes no progress: {error.detail}"
        for run_id in waiting:
            async with self.database.begin() as tx:
                await delays.tell(tx, run_id, provider, reason, detail)


def _progress(batch: ProviderBatch) -> int:
    """A number that grows with what is read and handed over, but not for ever, however long a file
    is."""
    handed_over = batch.done + batch.failed + batch.again + batch.dropped
    read = batch.output_read + batch.error_read
    return min(read, 2 * batch.lines) + handed_over


def _denial(batch: ProviderBatch) -> tuple[str | None, int]:
    """Changes with each call that is counted as a denial."""
    return batch.denied, batch.denials


def _word_of(error: LlmError) -> str:
    if isinstance(error, ProviderAbsent):
        return "not_configured"
    if isinstance(error, RateLimited):
        return "rate_limited"
    return "refused" if isinstance(error, LlmRefused) else "unavailable"
