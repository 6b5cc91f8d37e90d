"""Items that wait, and how they go on.

Whoever answers what an item waits for locks the item's row, and so does the delivery that is about
to suspend it: one of them always sees the other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Integer, cast, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config.priorities import ORDINARY
from app.connections.driver import fetch_raw
from app.store.items.claims import ItemClaim
from app.store.statuses import ItemStatus
from app.store.steps.steps import ItemId
from app.store.tables.items import Item
from app.store.tables.runs import Run

_ITEM = Item.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so
_RUN = Run.__table__  # type: ignore[attr-defined]  # likewise

# Nothing waits for the disk here: a crash of Postgres that undoes it leaves an item suspended whose
# message comes again, and what the item goes on to write is flushed together with this.
# A sleep that is over, and what was not answered or did not come in time, are settled here, by one
# clock and in the commit that wakes the item: the delivery only reads what has become of them.
_WAKE = """
    WITH woken AS (
        UPDATE sluice.item
        SET status = 'pending', due_at = NULL, claim = t.claim, claim_number = t.number
        FROM unnest($1::text[], $2::text[], $3::text[]::bigint[], $4::text[]::int[])
            AS t(run_id, item_id, claim, number)
        WHERE item.run_id = ANY($1::text[]) AND item.item_id = ANY($2::text[])
          AND item.run_id = t.run_id AND item.item_id = t.item_id
          AND status = 'suspended' AND due_at <= now()
        RETURNING item.run_id, item.item_id
    ), due AS (
        UPDATE sluice.step SET status = 'done', finished_at = step.due_at FROM woken
        WHERE step.run_id = woken.run_id AND step.item_id = woken.item_id
          AND step.due_at <= now()
          AND (step.status = 'suspended'
               OR step.status = 'waiting' AND step.kind IN ('sleep', 'event'))
    )
    SELECT run_id, item_id, set_config('synchronous_commit', 'off', true) FROM woken
"""


async def lock(tx: AsyncConnection, item: ItemId) -> ItemStatus | None:
    """Nobody changes the item's status until the end of ``tx``. None: it is not there."""
    run_id, item_id = item
    query = select(_ITEM.c.status).where(_ITEM.c.run_id == run_id, _ITEM.c.item_id == item_id)
    status = (await tx.scalars(query.with_for_update())).one_or_none()
    return None if status is None else ItemStatus(status)


async def wake_now(tx: AsyncConnection, items: Collection[ItemId]) -> list[tuple[str, str, int]]:
    """Let those of these that are suspended be due now. Returns which, and the priority of their
    runs; each needs a message."""
    said = _RUN.c.options["priority"].astext
    priority = select(cast(said, Integer)).where(_RUN.c.id == _ITEM.c.run_id).scalar_subquery()
    key = tuple_(_ITEM.c.run_id, _ITEM.c.item_id)
    done = await tx.execute(
        update(_ITEM)
        .where(key.in_(items), _ITEM.c.status == ItemStatus.SUSPENDED)
        .values(due_at=func.now())
        .returning(_ITEM.c.run_id, _ITEM.c.item_id, func.coalesce(priority, ORDINARY))
    )
    return [(row[0], row[1], row[2]) for row in done]


async def wake(tx: AsyncConnection, claims: Sequence[ItemClaim]) -> set[ItemId]:
    """Those of these that are suspended and due are pending again, and in these hands. The caller
    counts them."""
    run_ids, item_ids = [one.run_id for one in claims], [one.item_id for one in claims]
    tokens = [one.token[0] for one in claims], [one.token[1] for one in claims]
    return {(row[0], row[1]) for row in await fetch_raw(tx, _WAKE, run_ids, item_ids, *tokens)}
