"""A service as a test sees it: open, its rows in reach, and a worker when one is wanted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.bootstrap import Service, Urls, open_service, service_over
from app.engine import OutgoingMessage
from app.services.provider import Provider
from app.services.providers import PROVIDERS
from app.settings import Settings
from app.store.database import reading
from app.store.items import items
from app.store.runs import runs
from app.store.statuses import ENDED
from app.store.tables.items import Item
from app.store.tables.runs import Run
from app.workflows.client import DryRun, RunRequest
from app.workflows.contract.job_family import AnyFamily
from app.workflows.registry.bound_family import BoundFamily
from tests.support.patience import PATIENCE
from tests.support.servers.kept_pools import KeptPools

_PROGRESS = text(
    "SELECT status, cursor, scheduled, succeeded, skipped, failed, cancelled, timed_out"
    " FROM sluice.run WHERE id = :run_id"
)


@dataclass(frozen=True)
class Sluice:
    """``service`` and what tests do with it all the time."""

    service: Service

    def bound(self, family: str | None = None) -> BoundFamily:
        return self.service.families[family or next(iter(self.service.families))]

    async def start(self, family: str | None = None, **request: Any) -> str:  # ProcessRequest's
        started = await self.service.client.trigger_process(
            self.bound(family), self._request(family, request), started_by="test"
        )
        return started.run_id

    async def dry_run(self, family: str | None = None, **request: Any) -> DryRun:
        return await self.service.client.dry_run(self.bound(family), self._request(family, request))

    def _request(self, family: str | None, request: Mapping[str, Any]) -> RunRequest:
        params = request.get("params") or self.bound(family).family.params()
        return RunRequest(**{**request, "params": params})

    async def run(self, run_id: str) -> Run:
        async with reading(self.service.database) as connection:
            return await runs.get(connection, run_id)

    async def items(self, run_id: str) -> list[Item]:
        async with reading(self.service.database) as connection:
            return await items.page_of_items(connection, run_id, limit=100_000)

    async def ended(self, run_id: str, *, within: float = PATIENCE) -> Run:
        """The run once it has ended. It is given up when it has not moved for so long: how long all
        of it takes, says how busy the machine is."""
        loop, before = asyncio.get_running_loop(), None
        async with asyncio.timeout(within) as limit, reading(self.service.database) as connection:
            while True:
                found = (await connection.execute(_PROGRESS, {"run_id": run_id})).first()
                if found is None or found.status in ENDED:
                    break
                if found != before:
                    before = found
                    limit.reschedule(loop.time() + within)
                await asyncio.sleep(0.02)
        return await self.run(run_id)

    async def played(self, users: int = 1, family: str | None = None) -> Run:
        """A run over so many new users, with a worker, to its end."""
        await self.add_users(users)
        run_id = await self.start(family)
        async with self.worker():
            return await self.ended(run_id)

    async def publish(self, *messages: OutgoingMessage) -> None:
        async with self.service.database.begin() as tx:
            await self.service.engine.publish(tx, messages)

    async def queued(self) -> int:
        """Items and pages of which messages wait or are in hand."""
        return sum(depth.total for depth in (await self.service.engine.depth()).values())

    async def drained(self, *, within: float = PATIENCE) -> None:
        """Return once no message waits or is in hand: each ends a moment after its outcome."""
        async with asyncio.timeout(within):
            while await self.queued():
                await asyncio.sleep(0.01)

    async def held_up(self, number: int = 1, *, at: str = "%") -> None:
        """Return once so many sessions wait for a lock that another one has.

        Args:
            at: what their statements are LIKE.
        """
        waiting = (
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE :at"
        )
        async with asyncio.timeout(PATIENCE):
            while len(await self.sql(waiting, at=at)) < number:
                await asyncio.sleep(0.005)

    async def let_all_come(self) -> None:
        """Have every message delivered, also those that are due later."""
        await self.sql("UPDATE sluice.message SET due_at = now() WHERE worker IS NULL")
        async with self.worker():
            await self.drained()

    async def sql(self, statement: str, **values: object) -> Sequence[Any]:  # rows of any shape
        async with self.service.database.begin() as tx:
            result = await tx.execute(text(statement), values)
            return result.all() if result.returns_rows else []

    async def add_users(self, number: int, *, active: bool = True) -> list[str]:
        """Users with the ids ``u00001`` and so on."""
        ids = [f"u{n:05}" for n in range(1, number + 1)]
        await self.sql(
            "INSERT INTO tests.users (id, name, active, paid) SELECT id, 'Name of ' || id, :active,"
            " right(id, 1) = '0' FROM unnest(CAST(:ids AS text[])) AS t(id)",
            ids=ids,
            active=active,
        )
        return ids

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """A worker in this process, stopped cleanly at the end."""
        worker = self.service.worker()
        running = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()
            await running


def assert_exact(run: Run, rows: Sequence[Item]) -> None:
    """The run's counters are what its rows say."""
    by_status = Counter(row.status for row in rows)
    counted = {
        "succeeded": run.succeeded,
        "skipped": run.skipped,
        "failed": run.failed,
        "cancelled": run.cancelled,
        "timed_out": run.timed_out,
        "suspended": run.suspended,
    }
    assert counted == {status: by_status.get(status, 0) for status in counted}
    assert run.scheduled == len(rows)


@dataclass(frozen=True)
class Opener:
    settings: Settings
    urls: Urls
    providers: Sequence[Provider[Any]] = PROVIDERS
    kept: KeptPools | None = None
    """Connections that were opened before, if the service is one that takes them."""

    @asynccontextmanager
    async def __call__(self, *families: AnyFamily, **changed: object) -> AsyncIterator[Sluice]:
        """``changed``: settings by their field's name."""
        settings = self.settings.model_copy(update=changed)
        async with AsyncExitStack() as stack:
            opening = open_service(settings, self.urls, families, self.providers)
            if self.kept is not None and self.kept.fit(settings, self.urls):
                pools = await stack.enter_async_context(self.kept.lent())
                opening = service_over(pools, settings, self.urls, families, self.providers)
            yield Sluice(await stack.enter_async_context(opening))
