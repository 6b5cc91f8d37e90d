"""Who tells people what happens to runs."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from app.settings import Settings
from app.store.run_notifications import RunNotifications
from app.workflows.notifications.addresses import AddressPolicy, Resolver
from app.workflows.notifications.poster import Poster
from app.workflows.notifications.sender import NotificationSender
from app.workflows.notifications.service import NotificationService
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_files import FamilyFiles
from app.workflows.serialization.secret_box import SecretBox


def notifications_of(
    settings: Settings,
    database: AsyncEngine,
    families: Mapping[str, BoundFamily],
    files: FamilyFiles,
    box: SecretBox,
    changes: RunNotifications,
) -> NotificationService:
    poster = Poster(AddressPolicy(settings.notify_private), Resolver())
    sender = NotificationSender(database, box, poster, settings.public_url, changes)
    return NotificationService(database, families, files, box, sender)
