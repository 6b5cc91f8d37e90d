"""Writing outcomes in batches: one transaction for the messages, the items and the counters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Delivery, Engine
from app.store import items, runs
from app.store.items import Record
from app.workflows.messages import PaginateMessage

LARGEST_BATCH = 500

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a delivery ended. With a ``delay`` its message comes again; without, it is done."""

    delivery: Delivery
    record: Record
    delay: timedelta | None = None


class OutcomeWriter:
    """Group commit: while one transaction is under way, the next batch gathers by itself.

    An item alone is written at once, and a thousand at a time cost one transaction for many. Since
    the message leaves the queue in that same transaction, and only if it was still ours, an outcome
    is counted exactly once, however often the item was delivered.
    """

    def __init__(self, database: AsyncEngine, engine: Engine, *, look_ahead: int) -> None:
        self._database = database
        self._engine = engine
        self._look_ahead = look_ahead
        self._waiting: list[tuple[Ending, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, ending: Ending) -> None:
        """Return when ``ending`` is committed, or was refused because the message is not ours."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((ending, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._drain())
        await done

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:LARGEST_BATCH]
                del self._waiting[:LARGEST_BATCH]
                await self._settle(batch)
        finally:
            self._writing = None

    async def _settle(self, batch: list[tuple[Ending, asyncio.Future[None]]]) -> None:
        try:
            await self._commit([ending for ending, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed to each waiter, none is swallowed
            if (
                len(batch) > 1
                and isinstance(error, DBAPIError)
                and not error.connection_invalidated
            ):
                # One record that Postgres refuses must not take the others down with it.
                for single in batch:
                    await self._settle([single])
                return
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)

    async def _commit(self, endings: list[Ending]) -> None:
        done = [ending for ending in endings if ending.delay is None]
        later = [(e.delivery, e.delay) for e in endings if e.delay is not None]
        ended: list[tuple[str, str]] = []
        async with self._database.begin() as tx:
            ours: set[tuple[int, int]] = set()
            if done:
                ours |= await self._engine.complete(tx, [e.delivery for e in done])
            if later:
                ours |= await self._engine.redeliver(tx, later)
            records = [e.record for e in endings if e.delivery.token in ours]
            if len(records) < len(endings):
                log.warning("outcome_refused", count=len(endings) - len(records))
            if not records:
                return
            changed = await items.record(tx, records)
            # In the order of their ids, so that two writers never wait for each other's rows.
            for run_id in sorted(changed):
                status = await self._count(tx, run_id, changed[run_id])
                if status is not None:
                    ended.append((run_id, status))
        for run_id, status in ended:
            log.info("run_ended", run=run_id, status=status)

    async def _count(self, tx: AsyncConnection, run_id: str, changed: items.Changed) -> str | None:
        counted = await runs.count(
            tx, run_id, changed.outcomes, work_ms=changed.work_ms, look_ahead=self._look_ahead
        )
        if counted.page_due:
            message = PaginateMessage(run=run_id, cursor=counted.cursor)
            await self._engine.publish(tx, [message.outgoing(counted.family)])
        return await runs.finalise(tx, run_id) if counted.complete else None
