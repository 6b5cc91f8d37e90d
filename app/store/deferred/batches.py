"""Rows of providers' batches. Each change names the one before: of two processes that take
themselves for the one that looks after a batch, one is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.redaction.redactor import redacted
from app.store.deferred.batch_state import BatchState
from app.store.storable import cut, storable
from app.store.tables.base import columns_of
from app.store.tables.steps import DeferredCall, ProviderBatch

_CALL = DeferredCall.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_BATCH = ProviderBatch.__table__  # type: ignore[attr-defined]
LONGEST_ERROR = 1_000
PRUNED = 1_000
"""Rows deleted in one transaction."""
UNWATCHED = timedelta(hours=1)
"""From the moment at which a batch was due until it is looked at: what is above that is time in
which no process looked after batches, and says nothing of the provider."""

# Also one that nobody waits for any more: it is to be cancelled at once.
_DUE = text(f"""
    SELECT {columns_of(_BATCH, "b")} FROM sluice.provider_batch AS b
    WHERE b.ended_at IS NULL AND b.provider = :provider AND (
        b.poll_at <= now()
        OR b.state = 'submitted' AND b.cancelled_at IS NULL AND b.tries = 0 AND NOT EXISTS (
            SELECT FROM sluice.deferred_call AS c
            WHERE c.batch_id = b.id AND EXISTS (
                SELECT FROM sluice.run WHERE run.id = c.run_id
                AND run.finished_at IS NULL AND run.status <> 'cancelling' OFFSET 0
            )
            OFFSET 0
        )
    )
    ORDER BY b.poll_at LIMIT :limit
""")  # noqa: S608 - no value is pasted in
_WAITING = text("""
    SELECT provider, url, model, count(*), min(created_at)
    FROM sluice.deferred_call WHERE batch_id IS NULL
    GROUP BY provider, url, model ORDER BY provider, url, model LIMIT :limit
""")


_PROVIDERS = text("""
    WITH RECURSIVE waiting AS (
        (SELECT provider FROM sluice.deferred_call WHERE batch_id IS NULL
         ORDER BY provider LIMIT 1)
        UNION ALL
        SELECT (SELECT c.provider FROM sluice.deferred_call AS c
                WHERE c.batch_id IS NULL AND c.provider > waiting.provider
                ORDER BY c.provider LIMIT 1)
        FROM waiting WHERE waiting.provider IS NOT NULL
    )
    SELECT provider FROM waiting WHERE provider IS NOT NULL
    UNION SELECT provider FROM sluice.provider_batch WHERE ended_at IS NULL
""")


class TakenOver(Exception):
    """Another process has changed the batch since it was read."""


def later(delay: timedelta) -> object:
    """The moment so long from now, by the database's clock, as a value of ``change``."""
    return func.now() + delay


def now() -> object:
    return func.now()


async def clock(tx: AsyncConnection) -> datetime:
    """The moment by the database's clock."""
    told: datetime = (await tx.execute(select(func.now()))).scalar_one()
    return told


async def create(
    tx: AsyncConnection,
    batch_id: str,
    *,
    provider: str,
    url: str,
    model: str,
    lines: int,
    size: int,
) -> None:
    values = {
        "id": batch_id,
        "provider": provider,
        "url": url,
        "model": model,
        "state": BatchState.ASSIGNED,
        "lines": lines,
        "size": size,
    }
    await tx.execute(insert(_BATCH).values(values))


async def due(tx: AsyncConnection, provider: str, *, limit: int) -> list[ProviderBatch]:
    """Those that are to be looked at, the longest due first."""
    rows = await tx.execute(_DUE, {"provider": provider, "limit": limit})
    return [ProviderBatch(**row._mapping) for row in rows]


async def change(tx: AsyncConnection, batch: ProviderBatch, **values: object) -> ProviderBatch:
    """Its row afterwards.

    Args:
        values: by column; ``error`` is cut, and freed of secrets. ``tries`` says since when calls
            have failed, too; 0: none has. Unless ``denials`` is given with it, the call was none:
            they count in a row.

    Raises:
        TakenOver
    """
    if isinstance(error := values.get("error"), str):
        values["error"] = storable(redacted(cut(error, LONGEST_ERROR)))
    if "tries" in values:
        since = None if values["tries"] == 0 else _failing_since()
        values = {"denied": None, "denials": 0} | values | {"failing_since": since}
    rows = await tx.execute(
        update(_BATCH)
        .where(_BATCH.c.id == batch.id, _BATCH.c.revision == batch.revision)
        .values(revision=_BATCH.c.revision + 1, **values)
        .returning(_BATCH)
    )
    row = rows.one_or_none()
    if row is None:
        raise TakenOver(batch.id)
    return ProviderBatch(**row._mapping)


async def deny(tx: AsyncConnection, batch: ProviderBatch, what: str, denials: int) -> timedelta:
    """Count that its provider does not know ``what``. Whoever has the row may go on with it as it
    was.

    Returns:
        For how long calls for it have failed, as ``change`` would keep it for this one.

    Raises:
        TakenOver
    """
    of = (_BATCH.c.id == batch.id, _BATCH.c.revision == batch.revision)
    told = update(_BATCH).where(*of).values(denied=what, denials=denials)
    failed_for: timedelta | None = await tx.scalar(told.returning(func.now() - _failing_since()))
    if failed_for is None:
        raise TakenOver(batch.id)
    return failed_for


async def hold(tx: AsyncConnection, batch: ProviderBatch) -> None:
    """Nobody else changes it until the end of ``tx``. Before any lock of its requests.

    Raises:
        TakenOver
    """
    query = select(_BATCH.c.id).where(_BATCH.c.id == batch.id, _BATCH.c.revision == batch.revision)
    if (await tx.scalar(query.with_for_update())) is None:
        raise TakenOver(batch.id)


def _failing_since() -> object:
    unwatched = func.now() - _BATCH.c.poll_at - UNWATCHED
    moved = _BATCH.c.failing_since + func.greatest(unwatched, timedelta())
    # The least of nothing and a moment is the moment.
    return case((_BATCH.c.tries == 0, func.now()), else_=func.least(moved, func.now()))


async def get(tx: AsyncConnection, batch_id: str) -> ProviderBatch | None:
    row = (await tx.execute(select(_BATCH).where(_BATCH.c.id == batch_id))).one_or_none()
    return None if row is None else ProviderBatch(**row._mapping)


async def page(
    tx: AsyncConnection, *, before: str | None, is_open: bool, limit: int
) -> list[ProviderBatch]:
    """The newest first. ``is_open``: only those that have not ended."""
    query = select(_BATCH)
    if before is not None:
        query = query.where(_BATCH.c.id < before)
    if is_open:
        query = query.where(_BATCH.c.ended_at.is_(None))
    rows = await tx.execute(query.order_by(_BATCH.c.id.desc()).limit(limit))
    return [ProviderBatch(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class WaitingCalls:
    """Requests that are in no batch. ``since``: the first of them."""

    provider: str
    url: str
    model: str
    number: int
    since: datetime


async def waiting(tx: AsyncConnection, *, limit: int) -> Sequence[WaitingCalls]:
    """By provider, URL and model: each is a batch of its own."""
    return [WaitingCalls(*row) for row in await tx.execute(_WAITING, {"limit": limit})]


async def providers(tx: AsyncConnection) -> set[str]:
    """Names of those for which a request waits, or that have a batch which has not ended."""
    return set((await tx.scalars(_PROVIDERS)).all())


async def is_asked(tx: AsyncConnection, provider: str, within: timedelta) -> bool:
    """Whether a batch of it was gathered so lately, and has not ended: whoever wrote its requests
    has the provider."""
    lately = _BATCH.c.created_at > func.now() - within
    of = (_BATCH.c.provider == provider, _BATCH.c.ended_at.is_(None), lately)
    return (await tx.scalar(select(_BATCH.c.id).where(*of).limit(1))) is not None


async def of_item(
    tx: AsyncConnection, run_id: str, item_id: str
) -> dict[str, ProviderBatch | None]:
    """The batch in which the request of each of the item's steps is, by step; None: it is in none
    yet."""
    query = (
        select(_CALL.c.step, _BATCH)
        .outerjoin_from(_CALL, _BATCH, _BATCH.c.id == _CALL.c.batch_id)
        .where(_CALL.c.run_id == run_id, _CALL.c.item_id == item_id)
    )
    found: dict[str, ProviderBatch | None] = {}
    for row in await tx.execute(query):
        step, *values = row
        named = dict(zip(_BATCH.c.keys(), values, strict=True))
        found[step] = None if named["id"] is None else ProviderBatch(**named)
    return found


async def prune(tx: AsyncConnection, older_than: timedelta) -> int:
    """Delete some that ended longer ago than that. Returns how many."""
    old = _BATCH.c.ended_at < func.now() - older_than
    ids = select(_BATCH.c.id).where(old).limit(PRUNED).with_for_update(skip_locked=True)
    return (await tx.execute(delete(_BATCH).where(_BATCH.c.id.in_(ids)))).rowcount
