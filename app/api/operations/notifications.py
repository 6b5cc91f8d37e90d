"""Notifications: who is told what happens to runs, and what became of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from app.api.dependencies import (
    Caller,
    Cursor,
    Limit,
    LongCall,
    NoteInBody,
    NoteInQuery,
    State,
    bearer,
)
from app.api.pagination import Paging
from app.api.routing import Router
from app.schemas.notifications.answers import (
    CreatedNotificationTargetAnswer,
    NotificationDeliveriesAnswer,
    NotificationDeliveryAnswer,
    NotificationDeliveryView,
    NotificationTargetAnswer,
    NotificationTargetsAnswer,
    NotificationTargetView,
    RemovedNotificationTargetAnswer,
)
from app.schemas.notifications.bodies import NewNotificationTarget
from app.store.database import reading
from app.store.notifications import deliveries, targets
from app.store.notifications.event_types import DeliveryStatus
from app.workflows.notifications.service import WantedTarget

TargetIdInPath = Annotated[str, Path(max_length=100)]
DeliveryIdInPath = Annotated[int, Path(ge=1, le=2**63 - 1)]

router = Router(prefix="/api/notifications", tags=["notifications"], dependencies=[Depends(bearer)])


@router.get("")
async def list_targets(
    state: State, limit: Limit = 50, cursor: Cursor = None
) -> NotificationTargetsAnswer:
    """Targets, the oldest first."""
    paging = Paging(state.cursors, "notifications", limit, cursor)
    async with reading(state.database) as connection:
        found = await targets.page(connection, after_id=paging.after, limit=paging.wanted)
    page = paging.page_of(found, lambda one: one.id)
    return NotificationTargetsAnswer(
        targets=[NotificationTargetView.of(row) for row in page.rows], next_cursor=page.next_cursor
    )


@router.post("", status_code=201)
async def create_target(
    body: NewNotificationTarget, state: State, caller: Caller
) -> CreatedNotificationTargetAnswer:
    """Add a target. Its secret is in this answer, and in no other."""
    wanted = WantedTarget(
        body.url.get_secret_value(), body.kind, body.name, body.events, body.families
    )
    made, secret = await state.notifications.create(wanted, by=caller, note=body.note)
    return CreatedNotificationTargetAnswer(target=NotificationTargetView.of(made), secret=secret)


@router.get("/{target_id}")
async def get_target(target_id: TargetIdInPath, state: State) -> NotificationTargetAnswer:
    async with reading(state.database) as connection:
        found = await targets.get(connection, target_id)
    return NotificationTargetAnswer(target=NotificationTargetView.of(found))


@router.delete("/{target_id}")
async def remove_target(
    target_id: TargetIdInPath, state: State, caller: Caller, note: NoteInQuery = None
) -> RemovedNotificationTargetAnswer:
    """Remove a target, with its deliveries, also those that are not sent yet."""
    removed = await state.notifications.remove(target_id, by=caller, note=note)
    return RemovedNotificationTargetAnswer(removed=removed.id)


@router.post("/{target_id}/enable")
async def enable_target(
    target_id: TargetIdInPath, state: State, caller: Caller, note: NoteInBody
) -> NotificationTargetAnswer:
    """Enable a target that was disabled because it answered 410. Notifications of the last day are
    sent after all."""
    enabled = await state.notifications.enable(target_id, by=caller, note=note)
    return NotificationTargetAnswer(target=NotificationTargetView.of(enabled))


@router.post("/{target_id}/test")
async def try_target(
    target_id: TargetIdInPath, state: State, caller: Caller, note: NoteInBody, long: LongCall
) -> NotificationDeliveryAnswer:
    """Send a message of the type `test` once, at once, and answer its result after ten seconds at
    most. 409 if the target is disabled."""
    async with long.waiting():
        sent = await state.notifications.test(target_id, by=caller, note=note)
    return NotificationDeliveryAnswer(delivery=NotificationDeliveryView.of(sent))


@router.get("/{target_id}/deliveries")
async def list_deliveries(
    target_id: TargetIdInPath,
    state: State,
    status: DeliveryStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> NotificationDeliveriesAnswer:
    """Deliveries, the newest first."""
    paging = Paging(state.cursors, f"deliveries:{target_id}", limit, cursor)
    behind = None if paging.after is None else int(paging.after)
    async with reading(state.database) as connection:
        await targets.get(connection, target_id)
        found = await deliveries.page(
            connection, target_id, status=status, before_id=behind, limit=paging.wanted
        )
    page = paging.page_of(found, lambda one: one.id)
    return NotificationDeliveriesAnswer(
        deliveries=[NotificationDeliveryView.of(row) for row in page.rows],
        next_cursor=page.next_cursor,
    )


@router.post("/{target_id}/deliveries/{delivery_id}/resend", status_code=202)
async def resend_delivery(
    target_id: TargetIdInPath,
    delivery_id: DeliveryIdInPath,
    state: State,
    caller: Caller,
    note: NoteInBody,
) -> NotificationDeliveryAnswer:
    """Send it again under the same `webhook-id`, with retries for a day from now on. 409 if the
    target is disabled."""
    sent = await state.notifications.resend(target_id, delivery_id, by=caller, note=note)
    return NotificationDeliveryAnswer(delivery=NotificationDeliveryView.of(sent))
