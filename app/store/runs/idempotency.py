"""Calls that started a run, under the keys that their callers gave them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import BadInput
from app.store.tables.runs import IdempotencyKey

_KEY = IdempotencyKey.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so

KEPT = timedelta(days=7)
"""A call may be repeated under its key for so long."""
LEEWAY = timedelta(hours=1)
"""A key stays for so much longer: clocks differ, and a moment may be called for a little early."""


@dataclass(frozen=True, slots=True)
class IdempotentCall:
    """Who calls, under which key, and a digest of what was asked."""

    caller: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class ClaimedKey:
    """The run that a key stands for. ``replayed``: an earlier call has taken it; ``skipped``: that
    call started nothing, because the run was active."""

    run_id: str
    replayed: bool
    skipped: bool


async def claim(
    tx: AsyncConnection, once: IdempotentCall, run_id: str, *, skipped: bool = False
) -> ClaimedKey:
    """Take the key for ``run_id``, or learn what it stands for already.

    Args:
        skipped: nothing is started, because ``run_id`` is active.

    Raises:
        BadInput: the key was used for another call.
    """
    taken = await tx.execute(
        insert(_KEY)
        .values(
            caller=once.caller,
            key=once.key,
            fingerprint=once.fingerprint,
            run_id=run_id,
            skipped=skipped,
        )
        .on_conflict_do_nothing()
    )
    if taken.rowcount == 1:
        return ClaimedKey(run_id, replayed=False, skipped=skipped)
    row = (
        await tx.execute(
            select(_KEY.c.run_id, _KEY.c.fingerprint, _KEY.c.skipped).where(
                _KEY.c.caller == once.caller, _KEY.c.key == once.key
            )
        )
    ).one()
    if row.fingerprint != once.fingerprint:
        raise BadInput(
            f"The Idempotency-Key {once.key!r} was used for another call, which was answered with"
            f" {row.run_id}. Give each call a key of its own.",
            field="Idempotency-Key",
        )
    return ClaimedKey(row.run_id, replayed=True, skipped=row.skipped)


async def is_known(tx: AsyncConnection, once: IdempotentCall) -> bool:
    """Whether the key stands for a run already, of this call or another."""
    query = select(_KEY.c.run_id).where(_KEY.c.caller == once.caller, _KEY.c.key == once.key)
    return await tx.scalar(query) is not None


async def present_minute(tx: AsyncConnection) -> datetime:
    """By the clock of the database, because those of the API's processes differ."""
    minute: datetime = (await tx.scalars(select(func.date_trunc("minute", func.now())))).one()
    return minute
