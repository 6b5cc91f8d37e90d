"""Whether a batch, or a file of its answers, is lost: its provider says that it does not know it.

What goes wrong on the way to the provider may look like that, and what was paid for is not to be
thrown away. So it must have been said several times in a row of just that one, and the provider's
list must not show it; a provider that has no list must have said so for a day.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.pages import ListRefused
from app.services.batches.remote_batch import RemoteBatch
from app.services.errors import LlmRefused
from app.store.deferred import batches
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.deadline import FAILING

MOST_DENIALS = 5
"""In a row, of the batch or of one and the same file, before the provider's list is asked."""
UNKNOWN = frozenset({404, 410})
"""Statuses that say so."""
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class LossCheck:
    """Each method is told of a refusal, and raises it where it does not say that something is lost,
    or not for certain."""

    database: AsyncEngine

    async def of_batch(
        self, api: BatchEndpoint, batch: ProviderBatch, refused: LlmRefused
    ) -> RemoteBatch | None:
        """As it stands in the provider's list; None: it is lost.

        Raises:
            LlmError: or the list could not be had.
        """
        failed_for = await self.count(batch, batch.remote_id or "", refused)
        look = api.find_batches(batch.id, batch.created_at)
        found = await _unless_there_is_no_list(look, failed_for) or ()
        return next((one for one in found if one.id == batch.remote_id), None)

    async def of_file(
        self, api: BatchEndpoint, batch: ProviderBatch, file_id: str, refused: LlmRefused
    ) -> None:
        """Return if it is lost.

        Raises:
            LlmError: or the list could not be had.
        """
        failed_for = await self.count(batch, file_id, refused)
        look = api.has_file(file_id, batch.created_at)
        if await _unless_there_is_no_list(look, failed_for):
            raise refused

    async def count(self, batch: ProviderBatch, what: str, refused: LlmRefused) -> timedelta:
        """Count that the provider does not know it, by its id. Returns once it was said often
        enough.

        Returns:
            For how long calls for the batch have failed.
        """
        if refused.answered not in UNKNOWN:
            raise refused
        denials = batch.denials + 1 if batch.denied == what else 1
        async with self.database.begin() as tx:  # also if the list is asked, which may fail
            failed_for = await batches.deny(tx, batch, what, denials)
        if denials < MOST_DENIALS:
            raise refused
        return failed_for


async def _unless_there_is_no_list(look: Awaitable[Found], failed_for: timedelta) -> Found | None:
    """What a look at the provider's list has found; None: it has none, and is believed without."""
    try:
        return await look
    except ListRefused:
        if failed_for < FAILING:
            raise
        return None
