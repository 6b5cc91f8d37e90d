"""Families that events start, and what became of events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from app.store.tables.runs import Run
from app.workflows.contract.cron import Overlap
from app.workflows.events.inbox import SentEvent, TakenEvents
from app.workflows.events.starter import EventStarter
from app.workflows.family import Context, Event, FamilyParams
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Sluice

REGISTERED = "user/registered"


class Plan(FamilyParams):
    plan: str = "free"
    seats: int = 1


class Hearing(Recording):
    """Beside any other run of its own."""

    name = "hearing"
    overlap = Overlap.ALLOW
    on: ClassVar[Sequence[Event]] = (Event(REGISTERED, item="user.id"),)


class Planned(Hearing):
    """With params of the event; it remembers of each item with which."""

    name = "planned"
    params = Plan
    on = (
        Event(
            "plan/changed",
            item="user.id",
            params={"plan": "user.plan", "seats": "seats"},
            when={"user.kind": ["person", "team"]},
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[tuple[str, str, int]] = []

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        assert isinstance(params, Plan)
        self.plans.append((entity, params.plan, params.seats))
        return await super().execute(entity, params, ctx)


class Alone(Hearing):
    """One run at a time."""

    name = "alone"
    overlap = Overlap.SKIP


class InLine(Hearing):
    name = "in-line"
    overlap = Overlap.QUEUE


class Gathering(Hearing):
    name = "gathering"
    on = (Event("user/seen", item="user.id", within=timedelta(minutes=5), size=3),)


class Patient(Planned):
    """Waits until an item is left alone."""

    name = "patient"
    on = (
        Event(
            "plan/changed",
            item="user.id",
            params={"plan": "user.plan"},
            debounce=timedelta(minutes=1),
        ),
    )


def registered(user: str, **more: Any) -> SentEvent:
    return SentEvent(REGISTERED, {"user": {"id": user}}, **more)


def seen(user: str, **more: Any) -> SentEvent:
    return SentEvent("user/seen", {"user": {"id": user}}, **more)


def changed(user: str, plan: str, **more: Any) -> SentEvent:
    kind = more.pop("kind", "person")
    data = {"user": {"id": user, "plan": plan, "kind": kind}}
    if "seats" in more:
        data["seats"] = more.pop("seats")
    return SentEvent("plan/changed", data, **more)


async def sent(sluice: Sluice, *events: SentEvent) -> TakenEvents:
    return await sluice.service.api.events.inbox.take(events, sender="test")


def starter_of(sluice: Sluice) -> EventStarter:
    """One that no worker runs, and that remembers nothing from one pass to the next."""
    service = sluice.service
    return EventStarter(
        service.database, service.engine, service.families, service.changes, every=0.0
    )


async def runs(sluice: Sluice) -> list[Run]:
    """The oldest first."""
    rows = await sluice.sql("SELECT id FROM sluice.run ORDER BY id")
    return [await sluice.run(row[0]) for row in rows]


async def items_of_runs(sluice: Sluice) -> list[list[str] | None]:
    return [run.item_ids for run in await runs(sluice)]


async def starts(sluice: Sluice) -> Sequence[Mapping[str, Any]]:
    rows = await sluice.sql("SELECT * FROM sluice.event_start ORDER BY item_id, seq")
    return [row._mapping for row in rows]


async def pass_by(sluice: Sluice, time: timedelta) -> None:
    """As if what waits had waited for so long already."""
    await sluice.sql(
        "UPDATE sluice.event_start SET due_at = due_at - CAST(:time AS interval),"
        " until = until - CAST(:time AS interval) WHERE settled_at IS NULL",
        time=time,
    )


async def all_ended(sluice: Sluice, number: int) -> list[Run]:
    """So many runs, once they have ended."""
    async with asyncio.timeout(PATIENCE):
        while len(await runs(sluice)) < number:
            await asyncio.sleep(0.01)
    return [await sluice.ended(run.id) for run in await runs(sluice)]
