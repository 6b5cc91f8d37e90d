"""Sends what was written for targets: at least once, each with the id that it was written with.

Rows are taken in hand for a minute. Whoever dies over one leaves it to the next, who may send it a
second time; the receiver tells by its ``webhook-id``.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from standardwebhooks import Webhook

from app.connections.faults import Fault
from app.redaction.redactor import in_use
from app.store.database import reading
from app.store.monitoring import audit
from app.store.monitoring.audit_actions import AuditAction, AuditSubject
from app.store.notifications import deliveries, targets
from app.store.notifications.deliveries import ClaimedDelivery, SendResult
from app.store.notifications.event_types import DeliveryStatus
from app.store.run_notifications import RunNotifications
from app.store.runs.events import SLUICE
from app.workflows.contract.backoff import Backoff
from app.workflows.failures.delays import before_retry
from app.workflows.notifications.payload import body_of
from app.workflows.notifications.poster import GONE, Poster
from app.workflows.notifications.target import TargetSecrets
from app.workflows.serialization.secret_box import SecretBox, SecretsLost
from app.workflows.worker.background import cancel_and_wait

EVERY = 5.0
"""Seconds between two looks, unless a run's event or the end of an attempt calls for one."""
SOONEST = 0.2
"""Seconds between two looks, whatever calls for one."""
AT_ONCE = 4
"""Attempts at one target at a time. There is no limit for all of them together: then some that do
not answer would hold up the others."""
BACKOFF: Final = Backoff(initial=timedelta(seconds=10), factor=3.0, longest=timedelta(hours=3))
"""Some 14 attempts within the day."""
USER_AGENT = "Sluice"

log = structlog.get_logger("sluice.notifications")


@dataclass(frozen=True, slots=True)
class NotificationSender:
    """
    Args:
        base_url: under which people reach the console.
        changes: wakes it, so that what is written is sent at once.
    """

    database: AsyncEngine
    box: SecretBox
    poster: Poster
    base_url: str
    changes: RunNotifications
    every: float = EVERY
    _tasks: dict[asyncio.Task[None], str] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled. What is in hand then is sent again, by whoever comes next."""
        fault = Fault(log, "notifications_stumbled")
        wake = asyncio.Event()
        with self.changes.heard_by(lambda _run: wake.set()):
            try:
                while True:
                    wake.clear()
                    try:
                        await self._take(fault, wake)
                        fault.over()
                    except Exception as error:  # noqa: BLE001 - the next look tries again
                        fault.seen(error)
                        await asyncio.sleep(self.every)
                    await asyncio.sleep(SOONEST)
                    await _set_within(wake, self.every)
            finally:
                await cancel_and_wait(self._tasks)

    async def round(self, seconds: float) -> None:
        """Send what is due, and begin with nothing more after so long."""
        fault, wake = Fault(log, "notifications_stumbled"), asyncio.Event()
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                busy = bool(self._tasks)  # what ends during the look has made room for more
                if not await self._take(fault, wake) and not busy:
                    break
                if self._tasks:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            await cancel_and_wait(self._tasks)

    async def attempt(self, delivery: ClaimedDelivery) -> SendResult:
        """Send one that is in our hands, and write what came of it."""
        result = await self._post(delivery)
        delay = before_retry(BACKOFF.delay(delivery.attempts, random.random()), random.random())  # noqa: S311 - no secret
        disabled = False
        async with self.database.begin() as tx:
            status = await deliveries.settle(tx, delivery.id, delivery.claim, result, delay)
            if result.status == GONE:
                disabled = await self._disable(tx, delivery.target_id, result)
        told = {
            "target": delivery.target_id,
            "delivery": delivery.id,
            "message": delivery.message_id,
        }
        if status is DeliveryStatus.FAILED:
            log.warning(
                "notification_failed", **told, attempts=delivery.attempts, error=result.error
            )
        elif status is not None and not result.delivered:
            log.info("notification_refused", **told, attempts=delivery.attempts, error=result.error)
        if disabled:
            log.warning("notification_target_disabled", target=delivery.target_id)
        return result

    async def _take(self, fault: Fault, wake: asyncio.Event) -> int:
        """Begin an attempt at each that is due, as far as its target has room. Returns how many."""
        busy = Counter(self._tasks.values())
        async with reading(self.database) as connection:
            claimed = await deliveries.claim(connection, busy, at_once=AT_ONCE)
        for delivery in claimed:
            task = asyncio.create_task(self._attempted(delivery, fault))
            self._tasks[task] = delivery.target_id
            task.add_done_callback(lambda done: self._done(done, wake))
        return len(claimed)

    def _done(self, task: asyncio.Task[None], wake: asyncio.Event) -> None:
        self._tasks.pop(task, None)
        wake.set()

    async def _attempted(self, delivery: ClaimedDelivery, fault: Fault) -> None:
        try:
            await self.attempt(delivery)
        except Exception as error:  # noqa: BLE001 - it is taken up again when its time in hand is over
            fault.seen(error)

    async def _post(self, delivery: ClaimedDelivery) -> SendResult:
        try:
            secrets = TargetSecrets.unsealed(self.box, delivery.sealed)
        except SecretsLost as lost:
            return SendResult(None, lost.detail, 0)
        in_use().learn(*secrets.told())
        body = body_of(delivery, self.base_url)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            **_signed(delivery.message_id, secrets.secret, body),
        }
        return await self.poster.post(secrets.url, headers, body)

    async def _disable(self, tx: AsyncConnection, target_id: str, result: SendResult) -> bool:
        """It has said that it is gone for good."""
        reason = result.error or ""
        if not await targets.disable(tx, target_id, reason):
            return False
        subject, after = AuditSubject.NOTIFICATION, {"disabledReason": reason}
        action = AuditAction.NOTIFICATION_DISABLED
        await audit.record(tx, action, subject, target_id, who=SLUICE, after=after)
        return True


def _signed(message_id: str, secret: str | None, body: bytes) -> dict[str, str]:
    """The headers of the specification, with the time of this attempt."""
    now = datetime.now(UTC).replace(microsecond=0)
    headers = {"webhook-id": message_id, "webhook-timestamp": str(int(now.timestamp()))}
    if secret is not None:
        signature = Webhook(secret).sign(message_id, now, body.decode())
        headers["webhook-signature"] = signature
    return headers


async def _set_within(wake: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()
