"""Our statements on PgQueuer's table, and what we change about it.

PgQueuer's own enqueue and dequeue also write two rows of a log a message, carry columns that
nobody here reads, and notify every listener of every change. See docs/decisions/0002 and 0010.
"""

from __future__ import annotations

from pgqueuer.domain.schema.queue import dedupe_predicate
from pgqueuer.domain.settings import DBSettings

_SETTINGS = DBSettings()
QUEUE = _SETTINGS.queue_table
CHANNEL = "sluice_queue"
"""A notification on it is a flow key of which new messages wait."""

# Told once for each flow key of a batch, and by the statement itself: no other round trip.
PUBLISH = f"""
    WITH fresh AS (
        INSERT INTO {QUEUE} (priority, entrypoint, payload, execute_after, dedupe_key, status)
        SELECT t.priority, t.flow_key, t.payload, now() + t.delay, t.id, 'queued'
        FROM unnest($1::int[], $2::text[], $3::bytea[], $4::interval[], $5::text[])
            AS t(priority, flow_key, payload, delay, id)
        ON CONFLICT (dedupe_key) WHERE {dedupe_predicate(_SETTINGS)} DO NOTHING
        RETURNING entrypoint
    )
    SELECT count(*), pg_notify('{CHANNEL}', entrypoint) FROM fresh GROUP BY entrypoint
"""  # noqa: S608 - the table's name is PgQueuer's own

# Each flow key's index is read from where its first message stands.
CLAIM = f"""
    UPDATE {QUEUE} q
    SET status = 'picked', queue_manager_id = $3::uuid, heartbeat = now(), updated = now()
    FROM (
        SELECT job.id FROM unnest($1::text[]) AS k(flow_key) CROSS JOIN LATERAL (
            SELECT id, priority FROM {QUEUE}
            WHERE entrypoint = k.flow_key AND status = 'queued' AND execute_after < now()
            ORDER BY priority DESC, id LIMIT $2 FOR UPDATE SKIP LOCKED
        ) AS job
        ORDER BY job.priority DESC, job.id LIMIT $2
    ) AS found
    WHERE q.id = found.id
    RETURNING q.id, q.attempts, q.entrypoint, q.payload
"""  # noqa: S608
# A takeover is a new delivery: it counts, and it makes the former holder's token void. A message
# whose own heartbeat came late stays what it is, because its handler may still be at work.
TAKE_OVER = f"""
    UPDATE {QUEUE} q
    SET queue_manager_id = $3::uuid, heartbeat = now(), updated = now(),
        attempts = q.attempts + (q.queue_manager_id IS DISTINCT FROM $3::uuid)::int
    FROM (
        SELECT id FROM {QUEUE}
        WHERE status = 'picked' AND heartbeat < now() - $4::interval
          AND entrypoint = ANY($1::text[])
        ORDER BY priority DESC, id LIMIT $2 FOR UPDATE SKIP LOCKED
    ) AS found
    WHERE q.id = found.id
    RETURNING q.id, q.attempts, q.entrypoint, q.payload
"""  # noqa: S608
NEXT_DUE = f"""
    SELECT min(due.execute_after) - now() FROM unnest($1::text[]) AS k(flow_key)
    CROSS JOIN LATERAL (
        SELECT execute_after FROM {QUEUE}
        WHERE entrypoint = k.flow_key AND status = 'queued' AND execute_after > now()
        ORDER BY execute_after LIMIT 1
    ) AS due
"""  # noqa: S608
BEAT = f"""
    UPDATE {QUEUE} SET heartbeat = now()
    WHERE id = ANY($1::bigint[]) AND queue_manager_id = $2::uuid
"""  # noqa: S608
GIVE_BACK = f"""
    UPDATE {QUEUE} SET status = 'queued', queue_manager_id = NULL, execute_after = now()
    WHERE queue_manager_id = $1::uuid AND status = 'picked' AND entrypoint = ANY($2::text[])
"""  # noqa: S608
TELL = f"SELECT pg_notify('{CHANNEL}', flow_key) FROM unnest($1::text[]) AS t(flow_key)"  # noqa: S608

_OURS = """q.id = t.id AND q.attempts = t.attempts
    AND q.queue_manager_id = $3::uuid AND q.status = 'picked'"""
COMPLETE = f"""
    DELETE FROM {QUEUE} q USING unnest($1::bigint[], $2::int[]) AS t(id, attempts)
    WHERE {_OURS} RETURNING q.id, t.attempts
"""  # noqa: S608
REDELIVER = f"""
    UPDATE {QUEUE} q
    SET status = 'queued', queue_manager_id = NULL, attempts = q.attempts + 1,
        execute_after = now() + t.delay, updated = now()
    FROM unnest($1::bigint[], $2::int[], $4::interval[]) AS t(id, attempts, delay)
    WHERE {_OURS} RETURNING q.id, t.attempts
"""  # noqa: S608
HOLDS = f"""
    SELECT q.id FROM {QUEUE} q, (SELECT $1::bigint AS id, $2::int AS attempts) AS t
    WHERE {_OURS} FOR UPDATE OF q
"""  # noqa: S608
WITHDRAW = f"DELETE FROM {QUEUE} WHERE dedupe_key = ANY($1::text[]) AND status = 'queued'"  # noqa: S608
IN_HAND = f"""
    SELECT dedupe_key FROM {QUEUE} WHERE dedupe_key = ANY($1::text[]) AND status = 'picked'
"""  # noqa: S608
DEAD = f"SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = '{QUEUE}'::regclass"  # noqa: S608
VACUUM = f"VACUUM (TRUNCATE FALSE) {QUEUE}"
DEPTH = f"""
    SELECT entrypoint, count(*) FILTER (WHERE status = 'queued'),
           count(*) FILTER (WHERE status = 'picked')
    FROM {QUEUE} GROUP BY entrypoint
"""  # noqa: S608

# Read from ``EXPLAIN`` at 100,000 waiting messages: nothing here uses these, and each message
# paid for them twice. PgQueuer's upgrade brings them back, so they are dropped after it.
_UNUSED = ("priority_id_id1_idx", "updated_id_id1_idx", "queue_manager_id_idx", "picked_slot_idx")
# PgQueuer's trigger notifies of claims and ends too, and each commit that notifies takes its turn
# behind the flush of the one before.
ADAPT = "".join(
    [
        f"ALTER TABLE {QUEUE} DISABLE TRIGGER {_SETTINGS.trigger};",
        f"DROP TRIGGER IF EXISTS sluice_taken_over ON {QUEUE};",
        *(f"DROP INDEX IF EXISTS {QUEUE}_{index};" for index in _UNUSED),
    ]
)
