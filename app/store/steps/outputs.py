"""What items write while they are at work, chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.store.storable import storable
from app.store.tables.steps import Output

_OUTPUT = Output.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_COLUMNS = {"run_id": "text", "item_id": "text", "attempt": "int", "data": "text"}
_ARRAYS = ", ".join(f"${n}::text[]::{kind}[]" for n, kind in enumerate(_COLUMNS.values(), start=1))
_NAMES = ", ".join(_COLUMNS)
_WRITE = f"""
    INSERT INTO sluice.output ({_NAMES})
    SELECT {_NAMES} FROM unnest({_ARRAYS}) WITH ORDINALITY AS t({_NAMES}, n) ORDER BY n
"""  # noqa: S608 - no value is pasted in


@dataclass(frozen=True, slots=True)
class OutputChunk:
    """``data`` is JSON. Of what Postgres cannot keep, something readable is kept."""

    run_id: str
    item_id: str
    attempt: int
    data: str


async def write(tx: AsyncConnection, chunks: Sequence[OutputChunk]) -> None:
    """In their order."""
    columns: list[list[object]] = [[getattr(c, name) for c in chunks] for name in _COLUMNS]
    columns[-1] = [storable(chunk.data) for chunk in chunks]
    await fetch_raw(tx, _WRITE, *columns)


async def page_of_output(
    tx: AsyncConnection, run_id: str, item_id: str, *, after_id: int = 0, limit: int
) -> list[Output]:
    """The oldest first, after ``after_id``."""
    query = (
        select(_OUTPUT)
        .where(_OUTPUT.c.run_id == run_id, _OUTPUT.c.item_id == item_id, _OUTPUT.c.id > after_id)
        .order_by(_OUTPUT.c.id)
        .limit(limit)
    )
    return [Output(**row._mapping) for row in await tx.execute(query)]
