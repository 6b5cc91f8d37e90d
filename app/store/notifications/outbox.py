"""Messages are written in the transaction of what they tell: a run that paused has exactly one for
each target, and one that did not has none.

A child's pauses and ends are its parent's affair and are not told. Its items that wait for a person
are told of as those of the run at the top. A run's finish likewise, but for its pauses, of which
nothing else would tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.store.notifications.event_types import EventType

GATHER_SECONDS = 30
"""Items that begin to wait for a person are gathered for so long: a run of which 100,000 do so
tells it in a message each half minute, and not in 100,000."""
SAMPLE = 10
"""Items that such a message names."""

_MESSAGE_ID = "'msg_' || replace(gen_random_uuid()::text, '-', '')"
_COUNTERS = """jsonb_build_object(
    'scheduled', r.scheduled, 'succeeded', r.succeeded, 'skipped', r.skipped, 'failed', r.failed,
    'cancelled', r.cancelled, 'timedOut', r.timed_out, 'suspended', r.suspended)"""
_RUN = f"""jsonb_build_object(
    'run', r.id, 'family', r.family, 'status', r.status, 'counters', {_COUNTERS},
    'toProcess', r.to_process, 'spentUsd', r.spent_usd, 'spentTokens', r.spent_tokens,
    'startedBy', r.started_by, 'createdAt', r.created_at, 'startedAt', r.started_at,
    'finishedAt', r.finished_at, 'retryOf', r.retry_of, 'backfill', r.backfill_id)"""


def _wants(event: str) -> str:
    return f"""t.disabled_at IS NULL
        AND (t.events IS NULL OR {event} = ANY(t.events))
        AND (t.families IS NULL OR r.family = ANY(t.families))"""


OF_A_RUN = f"""
    INSERT INTO sluice.notification_delivery (message_id, target_id, event, run_id, family, data)
    SELECT {_MESSAGE_ID}, t.id, $8::text, r.id, r.family,
        {_RUN} || jsonb_build_object('reason', r.reason, 'detail', coalesce($5::text, r.detail),
                                     'who', $3::text, 'note', $7::text)
    FROM sluice.run AS r JOIN sluice.notification_target AS t ON {_wants("$8::text")}
    WHERE r.id = $1::text AND (
        r.parent_run IS NULL OR r.parent_item IS NULL AND $8::text = '{EventType.RUN_PAUSED}'
    )
"""  # noqa: S608 - no value is pasted in
"""A part of the statement that writes an event of a run, whose parameters it shares: ``$1`` the
run, ``$3`` who, ``$5`` the detail, ``$7`` the note; and ``$8``, the message's type."""

# A join with unnest may be planned from the wrong side (docs/decisions/0005): OFFSET 0 is a fence.
_SUSPENDED = f"""
    WITH RECURSIVE up AS (
        SELECT one.number, one.run_id COLLATE "C" AS run_id, one.item_id COLLATE "C" AS item_id,
            r.parent_run, r.parent_item, 0 AS depth
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS one(run_id, item_id, number)
        CROSS JOIN LATERAL (
            SELECT parent_run, parent_item FROM sluice.run WHERE id = one.run_id OFFSET 0
        ) AS r
        WHERE EXISTS (SELECT FROM sluice.notification_target WHERE disabled_at IS NULL)
        UNION ALL
        SELECT up.number, up.parent_run, coalesce(up.parent_item, up.item_id),
            r.parent_run, r.parent_item, depth + 1
        FROM up CROSS JOIN LATERAL (
            SELECT parent_run, parent_item FROM sluice.run WHERE id = up.parent_run OFFSET 0
        ) AS r
        WHERE depth < 20
    ), top AS (
        SELECT run_id, count(*) AS items,
            (array_agg(item_id ORDER BY number))[1:{SAMPLE}] AS sample
        FROM up WHERE parent_run IS NULL GROUP BY run_id
    )
    INSERT INTO sluice.notification_delivery AS d
        (message_id, target_id, event, run_id, family, data, items, sample, open, due_at)
    SELECT {_MESSAGE_ID}, t.id, '{EventType.ITEM_SUSPENDED}', r.id, r.family, {_RUN},
        top.items, top.sample, true, now() + interval '{GATHER_SECONDS} seconds'
    FROM top CROSS JOIN LATERAL (
        SELECT * FROM sluice.run WHERE id = top.run_id OFFSET 0
    ) AS r JOIN sluice.notification_target AS t ON {_wants(f"'{EventType.ITEM_SUSPENDED}'")}
    ORDER BY r.id, t.id
    ON CONFLICT (run_id, target_id) WHERE open
    DO UPDATE SET items = d.items + excluded.items,
        sample = (d.sample || excluded.sample)[1:{SAMPLE}]
"""  # noqa: S608 - no value is pasted in


async def tell_suspended(tx: AsyncConnection, items: Sequence[tuple[str, str]]) -> None:
    """Items, each by its run's id and its own, have begun to wait for a person: add them to the
    message that nobody has begun to send, or write one. The rows are locked in the order of their
    runs, so that two never wait for each other."""
    await fetch_raw(tx, _SUSPENDED, [run for run, _ in items], [item for _, item in items])
