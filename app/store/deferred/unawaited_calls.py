"""Requests that no item waits for any more: its run, or the item itself, has ended."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.deferred.calls import OPEN

_DROP_ENDED = text("""
    DELETE FROM sluice.deferred_call AS c
    WHERE c.batch_id IS NULL AND c.provider = :provider AND NOT EXISTS (
        SELECT FROM sluice.run
        WHERE run.id = c.run_id AND run.finished_at IS NULL AND run.status <> 'cancelling'
        OFFSET 0
    )
""")
_DROP_ASSIGNED = text(
    f"DELETE FROM sluice.deferred_call AS c WHERE c.batch_id = :batch AND NOT {OPEN}"  # noqa: S608 - no value is pasted in
)
_DROP_BATCH = text("DELETE FROM sluice.deferred_call WHERE batch_id = :batch")
_UNFINISHED = text(f"""
    SELECT EXISTS (
        SELECT FROM sluice.deferred_call AS c WHERE c.batch_id = :batch AND {OPEN}
            AND NOT EXISTS (SELECT FROM sluice.run WHERE run.id = c.run_id
                            AND run.status = 'cancelling' OFFSET 0)
    )
""")  # noqa: S608


async def drop_ended(tx: AsyncConnection, provider: str) -> int:
    """Delete what waits for runs that are over, or are being cancelled."""
    return (await tx.execute(_DROP_ENDED, {"provider": provider})).rowcount


async def drop_of_batch(tx: AsyncConnection, batch_id: str) -> int:
    """Delete the batch's whose items wait for nothing any more."""
    return (await tx.execute(_DROP_ASSIGNED, {"batch": batch_id})).rowcount


async def drop_batch(tx: AsyncConnection, batch_id: str) -> int:
    """Delete all of the batch's, for which nobody waits any more."""
    return (await tx.execute(_DROP_BATCH, {"batch": batch_id})).rowcount


async def is_awaited(tx: AsyncConnection, batch_id: str) -> bool:
    """Whether any item still waits for the batch."""
    return bool(await tx.scalar(_UNFINISHED, {"batch": batch_id}))
