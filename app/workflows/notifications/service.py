"""Targets of notifications, as operators look at them and change them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx2
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.errors import BadInput, Conflict
from app.redaction.redactor import in_use
from app.store.monitoring import audit
from app.store.monitoring.audit_actions import AuditAction, AuditSubject
from app.store.notifications import deliveries, targets
from app.store.notifications.event_types import SUBSCRIBABLE, TargetKind
from app.store.tables.base import Json
from app.store.tables.notifications import NotificationDelivery, NotificationTarget
from app.workflows.keys import name_fault, new_id
from app.workflows.notifications.addresses import AddressRefused, NoAddress, parse_url, shown
from app.workflows.notifications.sender import NotificationSender
from app.workflows.notifications.target import TargetSecrets, new_secret
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_files import FamilyFiles
from app.workflows.serialization.secret_box import SecretBox

MOST_TARGETS = 100
LOOK_UP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class WantedTarget:
    """What somebody asks for. None: of ``name``, its id; of the others, all."""

    url: str
    kind: TargetKind
    name: str | None = None
    events: Sequence[str] | None = None
    families: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class NotificationService:
    database: AsyncEngine
    families: Mapping[str, BoundFamily]
    files: FamilyFiles
    box: SecretBox
    sender: NotificationSender

    async def create(
        self, wanted: WantedTarget, *, by: str, note: str | None = None
    ) -> tuple[NotificationTarget, str | None]:
        """The target, and the secret that signs for it, which nobody is shown again.

        Raises:
            BadInput: a value cannot be used.
            Conflict: it is taken, or would be one too many.
        """
        events, families = self._events(wanted.events), self._families(wanted.families)
        in_use().learn(wanted.url)
        url = parse_url(wanted.url)
        await self._require_allowed(url)
        key = new_id("ntf")
        name = key if wanted.name is None else wanted.name
        if wanted.name is not None and (fault := name_fault(name, "on-call")):
            raise BadInput(f"name {fault}", field="name")
        secret = new_secret() if wanted.kind is TargetKind.WEBHOOK else None
        secrets = TargetSecrets(str(url), secret)
        in_use().learn(*secrets.told())
        row = NotificationTarget(
            id=key, name=name, kind=wanted.kind, shown=shown(url),
            sealed=secrets.sealed(self.box), url_digest=self.box.digest(secrets.url),
            events=events, families=families, created_by=by,
        )  # fmt: skip
        async with self.database.begin() as tx:
            await targets.lock(tx)
            if await targets.count(tx) >= MOST_TARGETS:
                raise Conflict(f"There are {MOST_TARGETS} targets already. Remove one first.")
            if taken := await targets.named(tx, name):
                raise Conflict(
                    f"The name {name!r} is taken by {taken}. Choose another.", field="name"
                )
            if there := await targets.at(tx, row.url_digest):
                raise Conflict(f"The target {there!r} has this address already.", field="url")
            await targets.add(tx, row)
            made = await targets.get(tx, key)
            await _record(tx, AuditAction.NOTIFICATION_CREATED, made, by, note, after=_told(made))
        return made, secret

    async def remove(self, key: str, *, by: str, note: str | None = None) -> NotificationTarget:
        """Nothing is told it any more, and what was goes with it. Returns what it was.

        Raises:
            NotFound
        """
        async with self.database.begin() as tx:
            row = await targets.get(tx, key, for_update=True)
            await targets.remove(tx, key)
            await _record(tx, AuditAction.NOTIFICATION_DELETED, row, by, note, before=_told(row))
        deleted = deliveries.BATCH
        while deleted == deliveries.BATCH:
            async with self.database.begin() as tx:
                deleted = await deliveries.remove_of(tx, key)
        return row

    async def enable(self, key: str, *, by: str, note: str | None = None) -> NotificationTarget:
        """It is told again, also what was written in the last day; what is older has failed. Safe
        to repeat.

        Raises:
            NotFound
        """
        async with self.database.begin() as tx:
            row = await targets.get(tx, key, for_update=True)
            if row.disabled_at is None:
                return row
            await targets.enable(tx, key)
            await deliveries.give_up(tx, key)
            before: Json = {"disabledReason": row.disabled_reason}
            await _record(tx, AuditAction.NOTIFICATION_ENABLED, row, by, note, before=before)
            return await targets.get(tx, key)

    async def resend(
        self, key: str, delivery_id: int, *, by: str, note: str | None = None
    ) -> NotificationDelivery:
        """Send it again, under the same id, whatever became of it.

        Raises:
            NotFound
            Conflict: the target is disabled.
        """
        async with self.database.begin() as tx:
            row = await _enabled(tx, key)
            found = await deliveries.get(tx, key, delivery_id)
            await deliveries.send_again(tx, delivery_id)
            after: Json = {"delivery": delivery_id, "message": found.message_id}
            await _record(tx, AuditAction.NOTIFICATION_RESENT, row, by, note, after=after)
            return await deliveries.get(tx, key, delivery_id)

    async def test(self, key: str, *, by: str, note: str | None = None) -> NotificationDelivery:
        """Send a message that only says that it is a test, at once and once, and wait for what
        comes of it.

        Raises:
            NotFound
            Conflict: the target is disabled.
        """
        async with self.database.begin() as tx:
            row = await _enabled(tx, key)
            begun = await deliveries.begin_test(tx, row, new_id("msg"))
            await _record(tx, AuditAction.NOTIFICATION_TESTED, row, by, note)
        await self.sender.attempt(begun)
        async with self.database.connect() as connection:
            return await deliveries.get(connection, key, begun.id)

    async def aclose(self) -> None:
        self.sender.poster.resolver.close()

    def _events(self, wanted: Sequence[str] | None) -> list[str] | None:
        unknown = [one for one in wanted or () if one not in SUBSCRIBABLE]
        if unknown:
            known = ", ".join(SUBSCRIBABLE)
            raise BadInput(
                f"There is no event {unknown[0][:60]!r}. Known are: {known}.", field="events"
            )
        return _some("events", wanted)

    def _families(self, wanted: Sequence[str] | None) -> list[str] | None:
        for one in wanted or ():
            if one not in self.families:
                raise BadInput(self.files.unknown(one, self.families), field="families")
        return _some("families", wanted)

    async def _require_allowed(self, url: httpx2.URL) -> None:
        """As far as it is known now: each attempt looks again."""
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                await self.sender.poster.checked(url)
        except (TimeoutError, NoAddress):
            pass  # the name may be known to those who send
        except AddressRefused as refused:
            raise BadInput(f"url: {refused}", field="url") from None


def _some(field: str, wanted: Sequence[str] | None) -> list[str] | None:
    if wanted is None:
        return None
    if not wanted:
        raise BadInput(f"{field} must name one at least; leave it out for all.", field=field)
    if len(set(wanted)) != len(wanted):
        raise BadInput(f"{field} names one twice.", field=field)
    return sorted(wanted)


async def _enabled(tx: AsyncConnection, key: str) -> NotificationTarget:
    row = await targets.get(tx, key)
    if row.disabled_at is not None:
        raise Conflict(f"{key} is disabled: {row.disabled_reason} Enable it first.")
    return row


async def _record(
    tx: AsyncConnection,
    action: AuditAction,
    target: NotificationTarget,
    by: str,
    note: str | None,
    *,
    before: Json | None = None,
    after: Json | None = None,
) -> None:
    subject = AuditSubject.NOTIFICATION
    await audit.record(
        tx, action, subject, target.id, who=by, before=before, after=after, note=note
    )


def _told(target: NotificationTarget) -> Json:
    """In the words of the API, and as far as people are shown it."""
    return {
        "name": target.name,
        "kind": target.kind,
        "url": target.shown,
        "events": target.events,
        "families": target.families,
    }
