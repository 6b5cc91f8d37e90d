"""Writing outcomes in batches: one transaction for the messages, the items and the counters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Delivery, Engine
from app.store import items, runs
from app.store.items import Record
from app.workflows.group_commit import GroupCommit
from app.workflows.messages import PaginateMessage

log = structlog.get_logger("sluice.run")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a delivery ended. With a ``delay`` its message comes again; without, it is done."""

    delivery: Delivery
    record: Record
    delay: timedelta | None = None


class OutcomeWriter:
    """Counts each outcome exactly once, however often its item was delivered.

    The message leaves the queue in the transaction that writes the outcome, and only a message that
    was still ours brings its outcome with it.
    """

    def __init__(self, database: AsyncEngine, engine: Engine, *, look_ahead: int) -> None:
        self._database = database
        self._engine = engine
        self._look_ahead = look_ahead
        self._group = GroupCommit(self._commit)

    async def write(self, ending: Ending) -> None:
        """Return when ``ending`` is committed, or was refused because the message is not ours."""
        await self._group.add(ending)

    async def _commit(self, endings: Sequence[Ending]) -> None:
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
