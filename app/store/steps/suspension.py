"""Items that wait, and how they go on.

Whoever answers what an item waits for locks the item's row, and so does the delivery that is about
to suspend it: one of them always sees the other. Rows of many items are locked by run and id, by a
statement of its own (``hold``, ``lock``): of an update with a join nobody knows the order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.chunks import chunked
from app.config.priorities import ORDINARY
from app.connections.driver import fetch_raw
from app.store.items.claims import AT_ONCE, ItemClaim
from app.store.statuses import ItemStatus
from app.store.steps.coming_events import ANY_WAKING, being_given
from app.store.steps.steps import ItemId


def _each(what: str) -> str:
    """SQL of those of the items ``$1``, ``$2`` of which ``what`` holds, in the order in which they
    are given: each is looked up by its key."""
    return f"""
        SELECT i.* FROM unnest($1::text[], $2::text[]) AS t(run_id, item_id) CROSS JOIN LATERAL (
            SELECT item.ctid, item.run_id, item.item_id, item.status FROM sluice.item
            WHERE item.run_id = t.run_id AND item.item_id = t.item_id {what}
        ) AS i
    """  # noqa: S608 - no value is pasted in


_SUSPENDED = "AND item.status = 'suspended'"
_LOCK = _each("FOR UPDATE")
_HOLD = _each(f"{_SUSPENDED} FOR UPDATE")
_WAITING = _each(f"{_SUSPENDED} OFFSET 0")
# Each is found where its row stands: the caller has locked it, so it is there, and as it is seen.
_GO_ON = f"""
    WITH woken AS (
        UPDATE sluice.item SET due_at = now()
        WHERE ctid = ANY(ARRAY(SELECT ctid FROM ({_WAITING}) AS found))
        RETURNING run_id, item_id
    )
    SELECT woken.run_id, woken.item_id, run.family, run.priority
    FROM woken CROSS JOIN LATERAL (
        SELECT family, coalesce((options ->> 'priority')::int, {ORDINARY}) AS priority
        FROM sluice.run WHERE id = woken.run_id OFFSET 0
    ) AS run
"""  # noqa: S608
# Nothing waits for the disk here: a crash of Postgres that undoes it leaves an item suspended whose
# message comes again, and what the item goes on to write is flushed together with this.
# A sleep that is over, and what was not answered or did not come in time, are settled here, by one
# clock and in the commit that wakes the item: the delivery only reads what has become of them. What
# came in time and is still on its way to the item wakes it when it is there.
_WAKE = f"""
    WITH woken AS (
        UPDATE sluice.item
        SET status = 'pending', due_at = NULL, claim = t.claim, claim_number = t.number
        FROM unnest($1::text[], $2::text[], $3::text[]::bigint[], $4::text[]::int[])
            AS t(run_id, item_id, claim, number)
        WHERE item.run_id = ANY($1::text[]) AND item.item_id = ANY($2::text[])
          AND item.run_id = t.run_id AND item.item_id = t.item_id
          AND status = 'suspended' AND due_at <= now()
          AND NOT ({ANY_WAKING} AND EXISTS (
              SELECT FROM sluice.step AS s
              WHERE s.run_id = item.run_id AND s.item_id = item.item_id
                AND s.status = 'waiting' AND s.kind = 'event' AND s.due_at <= now()
                AND {being_given("s")}
              OFFSET 0
          ))
        RETURNING item.run_id, item.item_id
    ), due AS (
        UPDATE sluice.step SET status = 'done', finished_at = step.due_at
        FROM (SELECT * FROM woken ORDER BY run_id, item_id OFFSET 0) AS woken
        WHERE step.run_id = ANY($1::text[]) AND step.item_id = ANY($2::text[])
          AND step.run_id = woken.run_id AND step.item_id = woken.item_id
          AND step.due_at <= now()
          AND (step.status = 'suspended'
               OR step.status = 'waiting' AND step.kind IN ('sleep', 'event'))
    )
    SELECT run_id, item_id, set_config('synchronous_commit', 'off', true) FROM woken
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class WokenItem:
    """An item that is due, and needs a message. ``priority``: of its run."""

    run_id: str
    item_id: str
    family: str
    priority: int

    @property
    def place(self) -> ItemId:
        return (self.run_id, self.item_id)


async def lock(tx: AsyncConnection, items: Collection[ItemId]) -> Mapping[ItemId, ItemStatus]:
    """Lock these items until the end of ``tx``. Returns the status of those that exist."""
    rows = await fetch_raw(tx, _LOCK, *_columns(items))
    return {(run_id, item_id): ItemStatus(status) for _, run_id, item_id, status in rows}


async def hold(tx: AsyncConnection, items: Collection[ItemId]) -> set[ItemId]:
    """Lock those of these items that are suspended, until the end of ``tx``, and return them. The
    others are in a delivery's hands, or have ended, and are not waited for."""
    return {(row[1], row[2]) for row in await fetch_raw(tx, _HOLD, *_columns(items))}


async def suspended_among(tx: AsyncConnection, items: Collection[ItemId]) -> set[ItemId]:
    """Those of these items that are suspended at the moment. Waits for nobody."""
    return {(row[1], row[2]) for row in await fetch_raw(tx, _WAITING, *_columns(items))}


async def go_on(tx: AsyncConnection, items: Collection[ItemId]) -> list[WokenItem]:
    """Let those of these that are suspended be due now; ``tx`` has locked all of them."""
    return [WokenItem(*row) for row in await fetch_raw(tx, _GO_ON, *_columns(items))]


async def wake(tx: AsyncConnection, claims: Sequence[ItemClaim]) -> set[ItemId]:
    """Those of these that are suspended and due are pending again, and in these hands. The caller
    counts them."""
    held = await hold(tx, [one.place for one in claims])
    ours = sorted(one for one in claims if one.place in held)
    woken: set[ItemId] = set()
    for some in chunked(AT_ONCE, ours):  # each row is compared with each of these
        run_ids, item_ids = [one.run_id for one in some], [one.item_id for one in some]
        tokens = [one.token[0] for one in some], [one.token[1] for one in some]
        found = await fetch_raw(tx, _WAKE, run_ids, item_ids, *tokens)
        woken.update((row[0], row[1]) for row in found)
    return woken


def _columns(items: Collection[ItemId]) -> tuple[list[str], list[str]]:
    ordered = sorted(set(items))
    return [run_id for run_id, _ in ordered], [item_id for _, item_id in ordered]
