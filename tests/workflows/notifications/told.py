"""What tests of notifications do and ask all the time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

from app.store.notifications.event_types import TargetKind
from app.workflows.notifications.sender import NotificationSender
from app.workflows.notifications.service import WantedTarget
from tests.support.network.llm_server import Server, response
from tests.support.patience import PATIENCE
from tests.support.service import Sluice

LOOPBACK = {"notify_private": (ip_network("127.0.0.0/8"), ip_network("::1"))}
"""Settings under which the servers of tests may be told."""
FINE = response(204, b"")


async def add_target(
    sluice: Sluice,
    url: str = "http://127.0.0.1:9/hook",
    *,
    kind: TargetKind = TargetKind.WEBHOOK,
    events: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
) -> tuple[str, str | None]:
    """Its id, and the secret that signs for it."""
    wanted = WantedTarget(url, kind, None, events, families)
    made, secret = await sluice.service.api.notifications.create(wanted, by="ops")
    return made.id, secret


async def deliveries(sluice: Sluice) -> list[Any]:  # rows of all columns
    """The oldest first."""
    return list(await sluice.sql("SELECT * FROM sluice.notification_delivery ORDER BY id"))


async def told(sluice: Sluice, target: str) -> list[str]:
    """The events of which there is a message for it."""
    return [one.event for one in await deliveries(sluice) if one.target_id == target]


def sender(sluice: Sluice, *, limit: float = PATIENCE) -> NotificationSender:
    """One of its own, as another worker has it."""
    first = sluice.service.api.notifications.sender
    return replace(first, poster=replace(first.poster, limit=limit), _tasks={}, every=0.02)


async def let_all_be_due(sluice: Sluice) -> None:
    await sluice.sql(
        "UPDATE sluice.notification_delivery SET due_at = now() WHERE status = 'waiting'"
    )


async def until(sluice: Sluice, condition: str) -> None:
    """There is a delivery of which this is true."""
    query = f"SELECT 1 FROM sluice.notification_delivery WHERE {condition}"  # noqa: S608 - a test's
    async with asyncio.timeout(PATIENCE):
        while not await sluice.sql(query):
            await asyncio.sleep(0.01)


async def asked(server: Server, number: int) -> list[tuple[str, dict[str, str], bytes]]:
    """The requests, once there are so many."""
    async with asyncio.timeout(PATIENCE):
        while len(server.requests) < number:
            await asyncio.sleep(0.01)
    return server.requests
