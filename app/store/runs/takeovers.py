"""That a worker is gone, or hangs, which had items of a run in hand: told once for each worker."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.runs import events
from app.store.statuses import EventKind
from app.store.tables.runs import RunEvent

_EVENT = RunEvent.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so


@dataclass(frozen=True, slots=True)
class Takeover:
    """``former``: the worker that had so many items in hand. ``worker``: the first that went on
    with some of them; others may have the rest."""

    former: str
    worker: str
    items: int

    @property
    def sentence(self) -> str:
        items = "1 item" if self.items == 1 else f"{self.items} items"
        return (
            f"Worker {self.former} was gone, or hung, with {items} in hand."
            f" {self.worker} was the first to go on with what it had."
        )


async def is_told(tx: AsyncConnection, run_id: str, former: str) -> bool:
    query = select(_EVENT.c.id).where(
        _EVENT.c.run_id == run_id,
        _EVENT.c.kind == EventKind.TAKEN_OVER,
        _EVENT.c.data["former"].astext == former,
    )
    return (await tx.scalars(query.limit(1))).first() is not None


async def tell(tx: AsyncConnection, run_id: str, takeover: Takeover) -> None:
    """The caller holds the run's row."""
    detail, data = takeover.sentence, asdict(takeover)
    await events.append(tx, run_id, EventKind.TAKEN_OVER, detail=detail, data=data)
