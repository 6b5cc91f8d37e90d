"""Who takes events, and who starts what they ask for."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from app.config.engine_settings import EngineName
from app.engine import Engine
from app.settings import Settings
from app.store.run_notifications import RunNotifications
from app.workflows.events.desk import EventDesk
from app.workflows.events.inbox import EventInbox
from app.workflows.events.starter import EventStarter
from app.workflows.events.subscriptions import Subscriptions
from app.workflows.registry.bound_family import BoundFamily


def events_of(
    settings: Settings,
    database: AsyncEngine,
    engine: Engine,
    families: Mapping[str, BoundFamily],
    changes: RunNotifications,
) -> EventDesk:
    """
    Raises:
        ConfigurationError: what a family says under ``on`` cannot be used.
    """
    # Called when it is time, so it remembers nothing from one call to the next.
    starter = EventStarter(database, engine, families, changes, every=0.0)
    called = settings.engine is EngineName.QSTASH
    subscriptions = Subscriptions.of(families)
    inbox = EventInbox(database, subscriptions, starter.start_due if called else None)
    return EventDesk(inbox, starter, {source.name: source for source in settings.webhooks})
