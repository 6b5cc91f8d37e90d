"""A family whose work is per day, for tests of backfills."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime

from app.workflows.backfills.plan import BackfillRequest
from app.workflows.family import Context, Daily, FamilyParams, JobFamily
from tests.support.families import Recording, Work
from tests.support.patience import PATIENCE
from tests.support.service import Sluice


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def asked(since: str = "2026-01-01", until: str = "2026-01-06", **more: object) -> BackfillRequest:
    return BackfillRequest(since=moment(since), until=moment(until), **more)  # type: ignore[arg-type]  # its own


class PerDay(FamilyParams):
    day: date
    paid_only: bool = False


class ByDay(Recording):
    """``days``: how often each item was executed, by day and item."""

    name = "by-day"
    params = PerDay
    partitions = Daily()

    def __init__(self, work: Work | None = None) -> None:
        super().__init__(work)
        self.days: Counter[tuple[str, str]] = Counter()
        self.made: set[tuple[str, str]] = set()

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        assert isinstance(params, PerDay)
        return {one for one in ids if (params.day.isoformat(), one) in self.made}

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        assert isinstance(params, PerDay)
        self.days[params.day.isoformat(), entity] += 1
        return await super().execute(entity, params, ctx)

    async def save(self, entity: str, result: str, params: FamilyParams, ctx: Context) -> None:
        assert isinstance(params, PerDay)
        self.made.add((params.day.isoformat(), entity))


class HeldByDay(ByDay):
    """Its items wait until the test lets them go. ``inside``: how many are at work."""

    name = "held-by-day"

    def __init__(self) -> None:
        super().__init__(self._hold)
        self.let_go = asyncio.Event()
        self.inside = 0

    async def _hold(self, item_id: str, ctx: Context) -> None:
        self.inside += 1
        try:
            await self.let_go.wait()
        finally:
            self.inside -= 1

    async def until_inside(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.inside < number:
                await asyncio.sleep(0.005)


async def begin(sluice: Sluice, **more: object) -> str:
    control = sluice.service.api.backfills
    bound = sluice.bound()
    assert isinstance(bound.family, JobFamily)
    return (await control.begin(bound, asked(**more), started_by="test")).backfill_id  # type: ignore[arg-type]  # its own
