"""What a SIGKILL of one of two workers costs: items that are lost or counted twice, and time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import text

from app.bootstrap import Service, Urls
from app.flow.redis_gate import LEASE
from app.store.database import reading
from bench.figures import Figure, at_most
from bench.support import Shape, ended, most_at_once, opened, start, timings, workers

AT_ONCE = 10


async def killed_worker(urls: Urls) -> list[Figure]:
    """One of two workers killed with SIGKILL in the middle of 2,000 items; and in the middle of
    items of which ten may be at work, five of them in its hands."""
    return [*await _taken_over(urls), *await _under_a_limit(urls)]


async def _taken_over(urls: Urls) -> list[Figure]:
    shape = Shape(seconds=0.05)
    async with opened(urls, shape, 2_000) as service, workers(urls, shape, 2) as [killed, _]:
        run_id = await start(service)
        await _ended_items(service, run_id, 500)
        killed.kill()
        at, held = await _in_hand(service, run_id)
        run = await ended(service, run_id)
        rows = await timings(service, run_id)
        begun = await _begun(service, run_id, held)
    later = [(one - at).total_seconds() for one in begun if one > at]
    return [
        at_most("kill: items lost", 0, 2_000 - len(rows), "items"),
        at_most("kill: counted twice", 0, abs(run.ended - len(rows)), "items"),
        at_most("kill: the last of its items begins elsewhere", 3, max(later, default=0.0), "s"),
    ]


async def _under_a_limit(urls: Urls) -> list[Figure]:
    """How long its slots are missed: docs/decisions/0048."""
    shape = Shape(seconds=0.1, parallelism=AT_ONCE)
    waits = []
    for _ in range(3):
        async with opened(urls, shape, 1_200) as service, workers(urls, shape, 2) as [killed, _]:
            run_id = await start(service)
            await _ended_items(service, run_id, 200)
            at = datetime.now(UTC)
            killed.kill()
            await ended(service, run_id)
            spans = await timings(service, run_id)
        waits.append(_seconds_to_full_pace(spans, at))
    lease = LEASE.total_seconds()
    row = f"kill: until {AT_ONCE} are at once again, of {AT_ONCE}, longest of three"
    return [at_most(row, lease + 1, max(waits), "s")]


def _seconds_to_full_pace(spans: Sequence[tuple[datetime, datetime]], at: datetime) -> float:
    """From ``at`` until so many are at work at once as may be."""
    later = [(begin, end) for begin, end in spans if end > at]
    for begin, _ in sorted(later):
        if begin > at and sum(b <= begin < e for b, e in later) == AT_ONCE:
            return (begin - at).total_seconds()
    raise SystemExit(f"No more than {most_at_once(later)} were at work at once after the kill.")


async def _in_hand(service: Service, run_id: str) -> tuple[datetime, list[str]]:
    """The time, and the items that some worker has in hand."""
    query = text(
        "SELECT item_id FROM sluice.item WHERE run_id = :id AND status = 'pending'"
        " AND claim IS NOT NULL"
    )
    async with reading(service.database) as connection:
        return datetime.now(UTC), list(await connection.scalars(query, {"id": run_id}))


async def _begun(service: Service, run_id: str, item_ids: list[str]) -> list[datetime]:
    query = text("SELECT started_at FROM sluice.item WHERE run_id = :id AND item_id = ANY(:items)")
    async with reading(service.database) as connection:
        return list(await connection.scalars(query, {"id": run_id, "items": item_ids}))


async def _ended_items(service: Service, run_id: str, number: int) -> None:
    """Wait until so many have."""
    query = text("SELECT succeeded FROM sluice.run WHERE id = :id")
    while True:
        async with reading(service.database) as connection:
            if int(await connection.scalar(query, {"id": run_id}) or 0) >= number:
                return
        await asyncio.sleep(0.01)
