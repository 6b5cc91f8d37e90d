"""Rows of requests that wait for a provider's batch, or are in one. ``unawaited_calls`` has those
that no item waits for any more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.store.statuses import ItemStatus
from app.store.steps.steps import ItemId

_ADD = """
    INSERT INTO sluice.deferred_call (id, run_id, item_id, step, provider, url, model, body, size)
    SELECT id, run_id, item_id, step, provider, url, model, body, size::integer
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::text[], $9::text[])
        AS t(id, run_id, item_id, step, provider, url, model, body, size)
    ON CONFLICT DO NOTHING
"""
# An item that is not there is one that has ended, too.
OPEN = """
    EXISTS (SELECT FROM sluice.item WHERE item.run_id = c.run_id AND item.item_id = c.item_id
            AND item.status IN ('suspended', 'pending') OFFSET 0)
"""
_WAITING = """
    c.batch_id IS NULL AND c.provider = :provider AND c.url = :url AND c.model = :model
"""
# Looked up for each request (OFFSET 0 keeps it so): a join that is planned while there are few
# reads all runs for each.
_OF_GOING_RUN = """
    CROSS JOIN LATERAL (
        SELECT FROM sluice.run WHERE run.id = c.run_id AND run.status = 'running' OFFSET 0
    ) AS going
"""
_GROUPS = text(f"""
    SELECT c.url, c.model, count(*), sum(c.size)::bigint,
        extract(epoch FROM now() - min(c.due_at))::float8
    FROM sluice.deferred_call AS c {_OF_GOING_RUN}
    WHERE c.batch_id IS NULL AND c.provider = :provider AND c.due_at <= now()
    GROUP BY c.url, c.model ORDER BY c.url, c.model
""")  # noqa: S608 - no value is pasted in
_DROP_WAITING = text(f"DELETE FROM sluice.deferred_call AS c WHERE {_WAITING} AND NOT {OPEN}")  # noqa: S608 - no value is pasted in
_RELEASE = text("""
    UPDATE sluice.deferred_call SET batch_id = NULL, refused = NULL WHERE batch_id = :batch
""")
_ASSIGN = text(f"""
    WITH chosen AS (
        SELECT c.id, c.size FROM sluice.deferred_call AS c {_OF_GOING_RUN}
        WHERE {_WAITING} AND c.due_at <= now() AND {OPEN}
        ORDER BY c.id LIMIT :size
    ), fitting AS (SELECT id, sum(size) OVER (ORDER BY id) AS total FROM chosen),
    assigned AS (
        UPDATE sluice.deferred_call SET batch_id = :batch
        WHERE id = ANY(ARRAY(SELECT id FROM fitting WHERE total <= :most))
          AND (batch_id || '') IS NULL
        RETURNING size
    )
    SELECT count(*), coalesce(sum(size), 0)::bigint FROM assigned
""")  # noqa: S608
_FILE = text("""
    SELECT id, body FROM sluice.deferred_call WHERE batch_id = :batch AND id > :after
    ORDER BY id LIMIT :limit
""")
_MEASURE = text("""
    SELECT count(*), coalesce(sum(size), 0)::bigint FROM sluice.deferred_call
    WHERE batch_id = :batch
""")
# By no index's order: a plan of the time when there were few requests would read that to its end.
_OF_BATCH = text("""
    SELECT id, run_id, item_id, step, tries FROM sluice.deferred_call
    WHERE batch_id = :batch AND id = ANY(:ids) ORDER BY run_id || '', item_id, step
""")
_LEFT = text("""
    SELECT id, run_id, item_id, step, tries, refused FROM sluice.deferred_call
    WHERE batch_id = :batch ORDER BY id LIMIT :limit
""")
# Whoever writes outcomes locks several items in an order of their own, and is not waited for.
_LOCK = """
    SELECT item.run_id, item.item_id, item.status
    FROM unnest($1::text[], $2::text[]) AS t(run_id, item_id) CROSS JOIN LATERAL (
        SELECT i.run_id, i.item_id, i.status FROM sluice.item AS i
        WHERE i.run_id = t.run_id AND i.item_id = t.item_id FOR UPDATE SKIP LOCKED
    ) AS item
"""
_RETURN = text("""
    UPDATE sluice.deferred_call
    SET batch_id = NULL, refused = NULL, tries = tries + :tried,
        due_at = now() + CAST(:delay AS interval)
    WHERE id = ANY(:ids)
""")
_DELETE = text("DELETE FROM sluice.deferred_call WHERE id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class NewCall:
    """``body`` is JSON in ASCII."""

    id: str
    run_id: str
    item_id: str
    step: str
    provider: str
    url: str
    model: str
    body: str

    @property
    def line(self) -> str:
        """As it stands in a batch's file."""
        return line_of(self.id, self.url, self.body)


def line_of(call_id: str, url: str, body: str) -> str:
    head = f'{{"custom_id":"{call_id}","method":"POST","url":{json.dumps(url)},"body":'
    return f"{head}{body}}}\n"


async def add(tx: AsyncConnection, calls: Sequence[NewCall]) -> None:
    """Write them, but for those whose step has one already."""
    names = ("id", "run_id", "item_id", "step", "provider", "url", "model", "body")
    columns = [[getattr(one, name) for one in calls] for name in names]
    await fetch_raw(tx, _ADD, *columns, [str(len(one.line)) for one in calls])


@dataclass(frozen=True, slots=True)
class WaitingGroup:
    """Requests that may go into one batch. ``waited``: seconds, of the one that is due longest."""

    url: str
    model: str
    number: int
    size: int
    waited: float


async def waiting(tx: AsyncConnection, provider: str) -> list[WaitingGroup]:
    """Of runs that are going: a paused one's wait until it is resumed."""
    return [WaitingGroup(*row) for row in await tx.execute(_GROUPS, {"provider": provider})]


async def release(tx: AsyncConnection, batch_id: str) -> None:
    """They are in no batch again, as if they had not been in this one."""
    await tx.execute(_RELEASE, {"batch": batch_id})


async def assign(
    tx: AsyncConnection, provider: str, group: WaitingGroup, batch_id: str, *, size: int, most: int
) -> tuple[int, int]:
    """Put into the batch those that have waited longest. Returns how many, and their bytes.

    Args:
        size: lines at the most.
        most: bytes.
    """
    of = {"provider": provider, "url": group.url, "model": group.model}
    await tx.execute(_DROP_WAITING, of)
    rows = await tx.execute(_ASSIGN, {**of, "batch": batch_id, "size": size, "most": most})
    number, total = rows.one()
    return number, total


async def measure(tx: AsyncConnection, batch_id: str) -> tuple[int, int]:
    """The batch's lines, and their bytes."""
    number, size = (await tx.execute(_MEASURE, {"batch": batch_id})).one()
    return number, size


async def page_of_file(
    tx: AsyncConnection, batch_id: str, *, after: str, limit: int
) -> list[tuple[str, str]]:
    """Ids and bodies, in the order of the file's lines."""
    rows = await tx.execute(_FILE, {"batch": batch_id, "after": after, "limit": limit})
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True, slots=True)
class OpenCall:
    id: str
    run_id: str
    item_id: str
    step: str
    tries: int
    refused: str | None = None

    @property
    def place(self) -> ItemId:
        return (self.run_id, self.item_id)


async def of_batch(tx: AsyncConnection, batch_id: str, ids: Sequence[str]) -> list[OpenCall]:
    """Those of these that the batch still has to answer, by item."""
    rows = await tx.execute(_OF_BATCH, {"batch": batch_id, "ids": list(ids)})
    return [OpenCall(*row) for row in rows]


async def left(tx: AsyncConnection, batch_id: str, *, limit: int) -> list[OpenCall]:
    """What the batch has not answered, in the order of its file."""
    rows = await tx.execute(_LEFT, {"batch": batch_id, "limit": limit})
    return [OpenCall(*row) for row in rows]


async def lock_items(tx: AsyncConnection, places: Sequence[ItemId]) -> dict[ItemId, ItemStatus]:
    """Nobody changes these until the end of ``tx``; those that somebody has locked are left out."""
    rows = await fetch_raw(tx, _LOCK, [one[0] for one in places], [one[1] for one in places])
    return {(row[0], row[1]): ItemStatus(row[2]) for row in rows}


async def give_back(
    tx: AsyncConnection, ids: Sequence[str], delay: timedelta, *, tried: bool
) -> None:
    """They go into another batch, after ``delay``. ``tried``: that is one of their tries."""
    await tx.execute(_RETURN, {"ids": list(ids), "delay": delay, "tried": int(tried)})


async def delete(tx: AsyncConnection, ids: Sequence[str]) -> None:
    await tx.execute(_DELETE, {"ids": list(ids)})
