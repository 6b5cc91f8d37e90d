"""Who takes events, and who starts what they ask for."""

from __future__ import annotations

from collections.abc import Mapping

from app.config.engine_settings import EngineName
from app.engine import Engine
from app.settings import Settings
from app.store.pools import Pools
from app.store.run_notifications import RunNotifications
from app.workflows.events.desk import EventDesk
from app.workflows.events.inbox import EventInbox
from app.workflows.events.starter import EventStarter
from app.workflows.events.subscriptions import Subscriptions
from app.workflows.events.waker import EventWaker
from app.workflows.registry.bound_family import BoundFamily


def events_of(
    settings: Settings,
    pools: Pools,
    engine: Engine,
    families: Mapping[str, BoundFamily],
    changes: RunNotifications,
) -> EventDesk:
    """
    Raises:
        ConfigurationError: what a family says under ``on`` cannot be used.
    """
    # Called when it is time, so it remembers nothing from one call to the next.
    starter = EventStarter(pools.own, engine, families, changes, every=0.0)
    called = settings.engine is EngineName.QSTASH
    subscriptions = Subscriptions.of(families)
    # What it writes it finds by keys.
    waker = EventWaker(pools.ledger, engine)
    inbox = EventInbox(pools.ledger, waker, subscriptions, starter.start_due if called else None)
    return EventDesk(inbox, starter, {source.name: source for source in settings.webhooks})
