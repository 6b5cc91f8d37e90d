"""Which workers live: each writes its row every few seconds, and deletes it when it stops."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables.monitoring import WorkerHeartbeat

_WORKER = WorkerHeartbeat.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so

GONE_AFTER = timedelta(seconds=15)
"""Of silence."""
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Load:
    """As in ``WorkerHeartbeat``."""

    in_hand: int
    threads: int
    threads_busy: int
    threads_left_behind: int
    waiting_for_thread: int
    waiting_for_connection: int


async def show_life(
    tx: AsyncConnection,
    worker_id: str,
    *,
    host: str,
    pid: int,
    version: str,
    concurrency: int,
    load: Load,
) -> None:
    """Write the worker's heartbeat, by the database's clock, because those of workers differ."""
    row = insert(_WORKER).values(
        id=worker_id,
        host=host,
        pid=pid,
        version=version,
        concurrency=concurrency,
        **asdict(load),
        started_at=func.now(),
        seen_at=func.now(),
    )
    seen = {name: row.excluded[name] for name in (*asdict(load), "seen_at")}
    await tx.execute(row.on_conflict_do_update(index_elements=[_WORKER.c.id], set_=seen))


async def forget(tx: AsyncConnection, worker_id: str) -> None:
    """And those who did not come to do it themselves."""
    dead = _WORKER.c.seen_at < func.now() - 4 * GONE_AFTER
    await tx.execute(delete(_WORKER).where((_WORKER.c.id == worker_id) | dead))


async def living(tx: AsyncConnection) -> list[WorkerHeartbeat]:
    """The one that started first, first."""
    query = (
        select(_WORKER)
        .where(_WORKER.c.seen_at > func.now() - GONE_AFTER)
        .order_by(_WORKER.c.started_at, _WORKER.c.id)
        .limit(MOST)
    )
    return [WorkerHeartbeat(**row._mapping) for row in await tx.execute(query)]
