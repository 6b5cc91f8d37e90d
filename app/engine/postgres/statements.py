"""Our statements on PgQueuer's table, and what we change about it.

PgQueuer's own enqueue and dequeue also write two rows of a log a message, carry columns that
nobody here reads, and notify every listener of every change. See docs/decisions/0002 and 0010.

Rows are found by ``id = ANY(...)`` and never by a join with ``unnest``: a plan for the latter that
is made, and kept, while the queue is empty begins with the whole queue (docs/decisions/0005).
"""

from __future__ import annotations

from pgqueuer.adapters.persistence.schema_ddl import spelled
from pgqueuer.domain.schema.queue import dedupe_predicate
from pgqueuer.domain.settings import DBSettings
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from app.connections.schema import SCHEMA


class QueueNames(DBSettings):
    """PgQueuer's names for what it keeps, in our schema. Its own settings would read variables such
    as ``QUEUE_TABLE``, which may be another program's."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's own signature
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


_SETTINGS = QueueNames(db_schema=SCHEMA)
QUEUE = _SETTINGS.qualified.queue_table
CHANNEL = f"{SCHEMA}.queue"
"""A notification on it is a flow key of which new messages wait."""

_WAITS_OR_IS_HELD = spelled(dedupe_predicate(_SETTINGS), _SETTINGS)
# Told once for each flow key of a batch, and by the statement itself: no other round trip.
_ENQUEUE = f"""
    WITH fresh AS (
        INSERT INTO {QUEUE} AS q (priority, entrypoint, payload, execute_after, dedupe_key, status)
        SELECT t.priority, t.flow_key, t.payload, now() + t.delay, t.id, 'queued'
        FROM unnest($1::int[], $2::text[], $3::bytea[], $4::interval[], $5::text[])
            AS t(priority, flow_key, payload, delay, id)
        ON CONFLICT (dedupe_key) WHERE {_WAITS_OR_IS_HELD} DO %s
        RETURNING entrypoint
    )
    SELECT count(*), pg_notify('{CHANNEL}', entrypoint) FROM fresh GROUP BY entrypoint
"""  # noqa: S608 - the table's name is PgQueuer's own
PUBLISH = _ENQUEUE % "NOTHING"
HASTEN = (
    _ENQUEUE
    % """UPDATE SET execute_after = excluded.execute_after
        WHERE q.status = 'queued' AND q.execute_after > excluded.execute_after"""
)

# Each flow key's index is read in the order in which its messages are due, and no further than
# needed: what is due in a week is never read, however much of it waits.
CLAIM = f"""
    UPDATE {QUEUE} q
    SET status = 'picked', queue_manager_id = $3::uuid, heartbeat = now(), updated = now()
    WHERE q.id = ANY(ARRAY(
        SELECT job.id FROM unnest($1::text[]) AS k(flow_key) CROSS JOIN LATERAL (
            SELECT id, priority FROM {QUEUE}
            WHERE entrypoint = k.flow_key AND status = 'queued' AND execute_after <= now()
            ORDER BY execute_after LIMIT $2 FOR UPDATE SKIP LOCKED
        ) AS job
        ORDER BY job.priority DESC, job.id LIMIT $2
    ))
    RETURNING q.id, q.attempts, q.entrypoint, q.payload
"""  # noqa: S608
# A takeover is a new delivery: it counts, and it makes the former holder's token void. A message
# whose own heartbeat came late stays what it is, because its handler may still be at work.
TAKE_OVER = f"""
    UPDATE {QUEUE} q
    SET queue_manager_id = $3::uuid, heartbeat = now(), updated = now(),
        attempts = q.attempts + (q.queue_manager_id IS DISTINCT FROM $3::uuid)::int
    WHERE q.id = ANY(ARRAY(
        SELECT id FROM {QUEUE}
        WHERE status = 'picked' AND heartbeat < now() - $4::interval
          AND entrypoint = ANY($1::text[])
        ORDER BY priority DESC, id LIMIT $2 FOR UPDATE SKIP LOCKED
    ))
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

# The status as text, so that no plan begins with the index of all that is in hand.
_OURS = """q.id = ANY($1::bigint[])
    AND q.attempts = ($2::int[])[array_position($1::bigint[], q.id)]
    AND q.queue_manager_id = $3::uuid AND q.status::text = 'picked'"""
# The tokens themselves are named only where one was refused, which is rare.
_TOKENS = """
    SELECT count(*) AS settled,
        CASE WHEN count(*) < cardinality($1::bigint[]) THEN array_agg(id) END AS ids,
        CASE WHEN count(*) < cardinality($1::bigint[]) THEN array_agg(attempts) END AS attempts%s
    FROM settled
"""
COMPLETE = f"""
    WITH settled AS (
        DELETE FROM {QUEUE} q WHERE {_OURS} RETURNING q.id, q.attempts
    ) {_TOKENS % ""}
"""  # noqa: S608
# A worker that asked what is due next before this commit would sleep through it.
_TELL_SOON = f""", (
            SELECT count(pg_notify('{CHANNEL}', entrypoint)) FROM (
                SELECT DISTINCT entrypoint FROM settled WHERE execute_after < now() + $5::interval
            ) AS soon
        ) AS told"""  # noqa: S608
REDELIVER = f"""
    WITH settled AS (
        UPDATE {QUEUE} q
        SET status = 'queued', queue_manager_id = NULL, attempts = q.attempts + 1,
            execute_after = now() + ($4::interval[])[array_position($1::bigint[], q.id)],
            updated = now()
        WHERE {_OURS} RETURNING q.id, q.attempts - 1 AS attempts, q.entrypoint, q.execute_after
    ) {_TOKENS % _TELL_SOON}
"""  # noqa: S608
HELD = f"SELECT q.id, q.attempts FROM {QUEUE} q WHERE {_OURS}"  # noqa: S608
HOLDS = f"{HELD} FOR UPDATE"
WITHDRAW = f"DELETE FROM {QUEUE} WHERE dedupe_key = ANY($1::text[]) AND status = 'queued'"  # noqa: S608
IN_HAND = f"""
    SELECT dedupe_key FROM {QUEUE} WHERE dedupe_key = ANY($1::text[]) AND status = 'picked'
"""  # noqa: S608
PRESENT = f"SELECT dedupe_key FROM {QUEUE} WHERE dedupe_key = ANY($1::text[])"  # noqa: S608
ANY = f"""
    SELECT EXISTS (
        SELECT FROM {QUEUE} WHERE entrypoint = $1::text AND starts_with(dedupe_key, $2::text)
    )
"""  # noqa: S608
# Each of them reads an index, and no more than so many of its entries.
PARTS = f"""
    SELECT due.found, deferred.found, held.found, greatest(due.seen, deferred.seen, held.seen)
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(flow_key, prefix, n)
    CROSS JOIN LATERAL (
        SELECT count(*) AS seen, count(*) FILTER (WHERE starts_with(dedupe_key, k.prefix)) AS found
        FROM (
            SELECT dedupe_key FROM {QUEUE}
            WHERE entrypoint = k.flow_key AND status = 'queued' AND execute_after <= now()
            ORDER BY execute_after LIMIT $3
        ) AS seen
    ) AS due CROSS JOIN LATERAL (
        SELECT count(*) AS seen, count(*) FILTER (WHERE starts_with(dedupe_key, k.prefix)) AS found
        FROM (
            SELECT dedupe_key FROM {QUEUE}
            WHERE entrypoint = k.flow_key AND status = 'queued' AND execute_after > now()
            ORDER BY execute_after LIMIT $3
        ) AS seen
    ) AS deferred CROSS JOIN LATERAL (
        SELECT count(*) AS seen, count(*) FILTER (
            WHERE entrypoint = k.flow_key AND starts_with(dedupe_key, k.prefix)) AS found
        FROM (
            SELECT entrypoint, dedupe_key FROM {QUEUE} WHERE status = 'picked'
            ORDER BY heartbeat DESC LIMIT $3
        ) AS seen
    ) AS held
    ORDER BY k.n
"""  # noqa: S608
RENAME = f"UPDATE {QUEUE} SET entrypoint = $2::text WHERE entrypoint = $1::text"  # noqa: S608
DEAD = f"SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = '{QUEUE}'::regclass"  # noqa: S608
VACUUM = f"VACUUM (TRUNCATE FALSE) {QUEUE}"
DEPTH = f"""
    SELECT entrypoint, count(*) FILTER (WHERE status = 'queued'),
           count(*) FILTER (WHERE status = 'picked')
    FROM {QUEUE} GROUP BY entrypoint
"""  # noqa: S608

# Read from ``EXPLAIN`` at 100,000 waiting messages: nothing here uses these, and each message
# paid for them twice. PgQueuer's upgrade brings them back, so they are dropped after it.
_UNUSED = (
    "ep_prio_id_idx", "priority_id_id1_idx", "updated_id_id1_idx", "queue_manager_id_idx",
    "picked_slot_idx",
)  # fmt: skip
# PgQueuer's trigger notifies of claims and ends too, and each commit that notifies takes its turn
# behind the flush of the one before.
ADAPT = "".join(
    [
        f"ALTER TABLE {QUEUE} DISABLE TRIGGER {_SETTINGS.trigger};",
        *(f"DROP INDEX IF EXISTS {QUEUE}_{index};" for index in _UNUSED),
    ]
)
