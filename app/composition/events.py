"""Who takes events, and who starts what they ask for."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from app.config.engine_settings import EngineName
from app.engine import Engine
from app.settings import Settings
from app.store.run_notifications import RunNotifications
from app.workflows.events.inbox import EventInbox
from app.workflows.events.starter import EventStarter
from app.workflows.events.subscriptions import Subscriptions
from app.workflows.registry.bound_family import BoundFamily


def starter_of(
    database: AsyncEngine,
    engine: Engine,
    families: Mapping[str, BoundFamily],
    changes: RunNotifications,
) -> EventStarter:
    """For whoever calls it when it is time: it remembers nothing from one call to the next."""
    return EventStarter(database, engine, families, changes, every=0.0)


def inbox_of(
    settings: Settings,
    database: AsyncEngine,
    families: Mapping[str, BoundFamily],
    starter: EventStarter,
) -> EventInbox:
    """
    Raises:
        ConfigurationError: what a family says under ``on`` cannot be used.
    """
    called = settings.engine is EngineName.QSTASH
    return EventInbox(database, Subscriptions.of(families), starter.start_due if called else None)
