"""A page of a run whose partitions have limits: what may not begin yet is parked as it is added."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.arrays import joined, split
from app.connections.driver import fetch_raw
from app.store.items import parked_items
from app.store.items.pages import Advanced
from app.store.items.parked_items import Window
from app.store.runs import runs
from app.store.runs.runs import OUTSTANDING
from app.store.statuses import RETRYING

# As a page without partitions (see `pages`). One statement, because whoever writes an outcome of
# the run waits for its row meanwhile; behind a lock of its own, because a statement sees what was
# committed before it began. An item that is there already takes the place of one that may begin,
# which is made good afterwards. What is known of the partitions is looked up in one value: a join
# with them, whose plan knows of no sizes, compares each item with each of them. Their rows are not
# upserted, because that locks each, and writes of the lock, before it changes it.
_ADVANCE = f"""
    WITH here AS (
        SELECT id,
            CASE WHEN item_limit IS NOT NULL THEN greatest(item_limit - scheduled, 0) END AS room
        FROM sluice.run
        WHERE id = $1::text AND status = 'running' AND stage = 'full' AND NOT paged AND NOT held
          AND cursor IS NOT DISTINCT FROM $3::text
    ), names AS MATERIALIZED (
        SELECT ARRAY(SELECT json_array_elements_text($7::json)) AS every
    ), known AS MATERIALIZED (
        SELECT jsonb_object_agg(partition, admitted) AS of FROM sluice.run_partition
        WHERE run_id = $1::text AND partition = ANY((SELECT every FROM names)::text[])
    ), given AS (
        SELECT t.id, t.partition, t.place,
            t.partition <> ''
                AND t.most < coalesce(((SELECT of FROM known) ->> t.partition)::int, 0)
                    + row_number() OVER (PARTITION BY t.partition ORDER BY t.place) AS waits
        FROM unnest({split(2)}, (SELECT every FROM names), {split(8)}::int[])
            WITH ORDINALITY AS t(id, partition, most, place)
    ), fresh AS (
        INSERT INTO sluice.item (run_id, item_id, partition, status)
        SELECT here.id, given.id, given.partition,
            CASE WHEN given.waits THEN 'suspended' ELSE 'pending' END
        FROM here, given
        WHERE room IS NULL OR NOT EXISTS (
            SELECT FROM sluice.item WHERE item.run_id = here.id AND item.item_id = given.id
        )
        ORDER BY given.place LIMIT (SELECT room FROM here)
        ON CONFLICT DO NOTHING RETURNING item_id, partition, status
    ), admitted AS MATERIALIZED (
        SELECT fresh.partition, count(*) AS n, (SELECT of FROM known) ? fresh.partition AS known
        FROM fresh WHERE fresh.status = 'pending' AND fresh.partition <> ''
        GROUP BY fresh.partition
    ), first AS (
        INSERT INTO sluice.run_partition (run_id, partition, admitted)
        SELECT $1::text, partition, n FROM admitted WHERE known IS NOT TRUE
    ), further AS (
        UPDATE sluice.run_partition AS p SET admitted = p.admitted
            + ((SELECT jsonb_object_agg(partition, n) FROM admitted) ->> p.partition)::int
        WHERE run_id = $1::text AND partition = ANY(ARRAY(
            SELECT partition FROM admitted WHERE known
        ))
    ), parked AS (
        INSERT INTO sluice.parked_item (run_id, partition, item_id)
        SELECT $1::text, fresh.partition, fresh.item_id FROM fresh WHERE fresh.status = 'suspended'
        ON CONFLICT DO NOTHING
    ), added AS (
        SELECT count(*) AS n, count(*) FILTER (WHERE fresh.status = 'suspended') AS waits,
            array_agg(fresh.item_id) AS ids,
            array_agg(fresh.item_id) FILTER (WHERE fresh.status = 'pending') AS ready
        FROM fresh
    )
    UPDATE sluice.run
    SET cursor = $4::text, scheduled = scheduled + added.n, suspended = suspended + added.waits,
        paged = $5::bool OR coalesce(scheduled + added.n >= item_limit, false),
        held = {OUTSTANDING} + added.n - added.waits >= $6::bigint,
        reason = nullif(reason, '{RETRYING}'),
        detail = CASE WHEN reason = '{RETRYING}' THEN NULL ELSE detail END
    FROM added, here
    WHERE run.id = $1::text AND run.id = here.id
    RETURNING paged, $6::bigint - {OUTSTANDING}, coalesce(added.ids, '{{}}'),
        coalesce(added.ready, '{{}}')
"""  # noqa: S608 - no value is pasted in


async def advance(
    tx: AsyncConnection,
    run_id: str,
    of: Mapping[str, str],
    window: Window,
    *,
    cursor: str | None,
    item_ids: Sequence[str],
    next_cursor: str | None,
    last: bool,
    look_ahead: int,
) -> tuple[Advanced | None, Sequence[str]]:
    """As ``pages.advance``; and of the page's new items, and of those parked before, what may begin
    now.

    Args:
        of: by id, each item's partition; empty: it has none.
    """
    await runs.lock(tx, run_id)
    names = [of[one] for one in item_ids]
    most = {name: window(name) if name else 0 for name in set(names)}
    values = (
        run_id, joined(item_ids), cursor, next_cursor, last, look_ahead,
        json.dumps(names, ensure_ascii=False), joined([most[name] for name in names]),
    )  # fmt: skip
    rows = await fetch_raw(tx, _ADVANCE, *values)
    if not rows:
        return None, ()
    paged, room, fresh, ready = rows[0]
    if len(ready) < len(fresh) < len(item_ids):
        of_those = {of[one] for one in set(fresh).difference(ready)}
        ready = [*ready, *await parked_items.release(tx, run_id, of_those, window)]
    return Advanced(fresh, paged, room), ready
