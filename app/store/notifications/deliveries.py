"""The rows of what is told: taken in hand, sent, tried again, and sent again by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.arrays import texts
from app.errors import NotFound
from app.store.notifications.event_types import DeliveryStatus, EventType
from app.store.tables.notifications import NotificationDelivery, NotificationTarget

_DELIVERY = NotificationDelivery.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
KEPT_TRYING = timedelta(days=1)
LEASE = timedelta(seconds=60)
"""For which who took a message has it alone. Longer than an attempt may last."""
BATCH = 1_000
"""Rows deleted in one transaction."""

# So many of each target as are free, so that none waits for another's.
_CLAIM = text("""
    WITH due AS (
        SELECT one.id, t.kind, t.sealed
        FROM sluice.notification_target AS t
        LEFT JOIN unnest(CAST(:busy AS text[]), CAST(CAST(:numbers AS text[]) AS int[]))
            AS b(id, number) ON b.id = t.id
        CROSS JOIN LATERAL (
            SELECT d.id FROM sluice.notification_delivery AS d
            WHERE d.target_id = t.id AND d.status = 'waiting' AND d.due_at <= now()
            ORDER BY d.due_at LIMIT greatest(CAST(:most AS int) - coalesce(b.number, 0), 0)
            FOR UPDATE SKIP LOCKED
        ) AS one
        WHERE t.disabled_at IS NULL
    )
    UPDATE sluice.notification_delivery AS d
    SET claim = claim + 1, attempts = attempts + 1, open = false,
        due_at = now() + CAST(:lease AS interval)
    FROM due WHERE d.id = due.id
    RETURNING d.id, d.claim, d.attempts, d.message_id, d.target_id, d.event, d.run_id, d.family,
        d.data, d.items, d.sample, d.created_at, due.kind, due.sealed
""")


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A message in hand, and where it goes. ``claim``: of all that it had, which one this is."""

    id: int
    claim: int
    attempts: int
    message_id: str
    target_id: str
    event: str
    run_id: str | None
    family: str | None
    data: Mapping[str, object]
    items: int
    sample: list[str] | None
    created_at: datetime
    kind: str
    sealed: str


@dataclass(frozen=True, slots=True)
class SendResult:
    """What came of an attempt. ``status``: of HTTP; None: there was no answer, and ``error`` says
    why."""

    status: int | None
    error: str | None
    took_ms: int

    @property
    def delivered(self) -> bool:
        return self.error is None


async def claim(
    tx: AsyncConnection, busy: Mapping[str, int], *, at_once: int
) -> list[ClaimedDelivery]:
    """Take what is due, those longest due first.

    Args:
        busy: how many of each target the caller has in hand.
        at_once: how many of one target it may have.
    """
    values = {
        "busy": list(busy),
        "numbers": texts([*busy.values()]),
        "most": at_once,
        "lease": LEASE,
    }
    return [ClaimedDelivery(**row._mapping) for row in await tx.execute(_CLAIM, values)]


async def settle(
    tx: AsyncConnection, delivery_id: int, claim: int, result: SendResult, delay: timedelta
) -> DeliveryStatus | None:
    """Write what came of an attempt. None: it is not in these hands any more.

    Args:
        delay: after which it is tried again, if it was not delivered and its day is not over.
    """
    status: object = DeliveryStatus.DELIVERED
    if not result.delivered:
        over = _DELIVERY.c.retry_until < func.now() + delay
        status = case((over, DeliveryStatus.FAILED), else_=DeliveryStatus.WAITING)
    done = await tx.execute(
        update(_DELIVERY)
        .where(_DELIVERY.c.id == delivery_id, _DELIVERY.c.claim == claim)
        .values(
            status=status,
            due_at=func.now() + delay,
            last_at=func.now(),
            last_status=result.status,
            last_error=result.error,
            took_ms=result.took_ms,
        )
        .returning(_DELIVERY.c.status)
    )
    found = done.scalar_one_or_none()
    return None if found is None else DeliveryStatus(found)


async def page(
    tx: AsyncConnection,
    target_id: str,
    *,
    status: DeliveryStatus | None,
    before_id: int | None,
    limit: int,
) -> list[NotificationDelivery]:
    """The newest first."""
    query = select(_DELIVERY).where(_DELIVERY.c.target_id == target_id)
    if status is not None:
        query = query.where(_DELIVERY.c.status == status)
    if before_id is not None:
        query = query.where(_DELIVERY.c.id < before_id)
    rows = await tx.execute(query.order_by(_DELIVERY.c.id.desc()).limit(limit))
    return [NotificationDelivery(**row._mapping) for row in rows]


async def get(tx: AsyncConnection, target_id: str, delivery_id: int) -> NotificationDelivery:
    """
    Raises:
        NotFound: the target has none with this id.
    """
    query = select(_DELIVERY).where(
        _DELIVERY.c.id == delivery_id, _DELIVERY.c.target_id == target_id
    )
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        raise NotFound(
            f"{target_id} has no delivery {delivery_id}. GET /api/notifications/{target_id}"
            "/deliveries lists them.",
            field="deliveryId",
        )
    return NotificationDelivery(**row._mapping)


async def send_again(tx: AsyncConnection, delivery_id: int) -> None:
    """Make it due at once, and try it for a day from now on. A sender that has it in hand can no
    longer write its result."""
    await tx.execute(
        update(_DELIVERY)
        .where(_DELIVERY.c.id == delivery_id)
        .values(
            status=DeliveryStatus.WAITING,
            attempts=0,
            claim=_DELIVERY.c.claim + 1,
            open=False,
            due_at=func.now(),
            retry_until=func.now() + KEPT_TRYING,
        )
    )


async def give_up(tx: AsyncConnection, target_id: str) -> None:
    """Mark what should have arrived by now as failed, for a target that was disabled for a while.
    It may be sent again by hand."""
    late = select(_DELIVERY.c.id).where(
        _DELIVERY.c.target_id == target_id,
        _DELIVERY.c.status == DeliveryStatus.WAITING,
        _DELIVERY.c.retry_until < func.now(),
    )
    # Passed over, and not waited for, as below: somebody says just now what came of it.
    await tx.execute(
        update(_DELIVERY)
        .where(_DELIVERY.c.id.in_(late.with_for_update(skip_locked=True)))
        .values(status=DeliveryStatus.FAILED, open=False)
    )


async def begin_test(
    tx: AsyncConnection, target: NotificationTarget, message_id: str
) -> ClaimedDelivery:
    """Write a message that only tries the target, in the caller's hands already. It is tried once
    more only if they let go of it."""
    values = {
        "message_id": message_id,
        "target_id": target.id,
        "event": EventType.TEST,
        "data": {},
        "claim": 1,
        "attempts": 1,
        "due_at": func.now() + LEASE,
        "retry_until": func.now(),
    }
    made = await tx.execute(insert(_DELIVERY).values(values).returning(_DELIVERY))
    row = NotificationDelivery(**made.one()._mapping)
    named = row.model_dump(include=set(ClaimedDelivery.__dataclass_fields__))
    return ClaimedDelivery(**named, kind=target.kind, sealed=target.sealed)


async def remove_of(tx: AsyncConnection, target_id: str) -> int:
    """Delete a batch of a target's, but for those that somebody has locked. Returns how many."""
    return await _delete(tx, _DELIVERY.c.target_id == target_id)


async def prune(tx: AsyncConnection, older_than: timedelta) -> int:
    """Delete a batch of those written longer ago than that. Returns how many."""
    return await _delete(tx, _DELIVERY.c.created_at < func.now() - older_than)


async def _delete(tx: AsyncConnection, where: ColumnElement[bool]) -> int:
    # Passed over, and not waited for: who adds items to a message locks several, in another order.
    ids = select(_DELIVERY.c.id).where(where).limit(BATCH).with_for_update(skip_locked=True)
    return (await tx.execute(delete(_DELIVERY).where(_DELIVERY.c.id.in_(ids)))).rowcount
