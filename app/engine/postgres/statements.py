"""The queue's statements, on ``sluice.message`` and ``sluice.consumer``.

Rows are found by ``= ANY(...)``, and ordered by ``id || ''``: a plan that is made, and kept, while
the queue is empty reads all of it for a join with ``unnest``, or an order, or by a partial index
that a condition such as ``worker IS NOT NULL`` lets in (docs/decisions/0005).
"""

from __future__ import annotations

from app.config.priorities import HIGHEST, ORDINARY

CHANNEL = "sluice.queue"
"""A notification on it is a flow key, and a priority, of which new messages wait."""

_TELL = f"pg_notify('{CHANNEL}', flow_key || ' ' || priority)"
# Told once for each flow key of a batch, and by the statement itself: no other round trip. In the
# order of the ids, as every other statement that locks several: two never wait for each other.
PUBLISH = f"""
    WITH fresh AS (
        INSERT INTO sluice.message AS m (id, flow_key, payload, size, priority, due_at)
        SELECT t.id, t.flow_key, t.payload, t.size, t.priority, now() + t.delay
        FROM unnest(
            $1::text[], $2::text[], $3::text[]::bytea[], $4::text[]::int[],
            $5::text[]::smallint[], $6::text[]::interval[]
        )
            AS t(id, flow_key, payload, size, priority, delay)
        ORDER BY t.id COLLATE "C"
        ON CONFLICT (id) DO UPDATE SET
            priority = excluded.priority,
            due_at = CASE
                WHEN m.worker IS NULL THEN least(m.due_at, excluded.due_at) ELSE m.due_at
            END,
            again_at = CASE WHEN m.worker IS NOT NULL THEN least(m.again_at, excluded.due_at) END
        WHERE m.worker IS NOT NULL OR m.due_at > excluded.due_at OR m.priority <> excluded.priority
        RETURNING flow_key, priority
    )
    SELECT count(*), {_TELL} FROM fresh GROUP BY flow_key, priority
"""  # noqa: S608 - no value is pasted in
LIVING = """
    SELECT seq, deliveries FROM sluice.message
    WHERE seq = ANY($1::text[]::bigint[]) AND worker::text IS NOT NULL
"""

# IS TRUE: as in ``_OURS``.
ABANDONED = """
    SELECT former, seq, former_delivery, flow_key, payload FROM sluice.message
    WHERE former = ANY(ARRAY(
        SELECT former FROM sluice.message
        WHERE seq = ANY($1::text[]::bigint[]) AND former IS NOT NULL AND ((seq, former_delivery)
            IN (SELECT * FROM unnest($1::text[]::bigint[], $2::text[]::int[]))) IS TRUE
    ))
    ORDER BY former, seq
"""

# Each priority of a flow key is read by index, the highest first, in the order in which its
# messages are due, and no further than needed: what is due in a week is never read, however much of
# it waits. No more is locked of a key than may be taken: another worker that asks at that moment
# would find nothing. So nothing is sorted within the limit, and row by row is read behind it.
CLAIM = """
    UPDATE sluice.message m
    SET worker = $8::uuid, deliveries = m.deliveries + 1, attempts = m.attempts + 1
    WHERE m.seq = ANY(ARRAY(
        SELECT job.seq FROM unnest(
            $1::text[], $2::text[]::int[], $3::text[]::int[], $4::text[]::int[], $5::text[]::int[],
            $6::text[]::bool[]
        ) AS k(flow_key, most, low, high, rank, owed)
        CROSS JOIN LATERAL (
            SELECT found.seq, level.priority
            FROM generate_series(k.high, k.low, -1) AS level(priority)
            CROSS JOIN LATERAL (
                SELECT seq FROM sluice.message
                WHERE flow_key = k.flow_key AND priority = level.priority AND worker IS NULL
                  AND due_at <= now()
                ORDER BY due_at FOR UPDATE SKIP LOCKED
            ) AS found
            LIMIT least(k.most, $7)
        ) AS job
        ORDER BY k.owed DESC, job.priority DESC, k.rank DESC, job.seq LIMIT $7
    ))
    RETURNING m.seq, m.deliveries, m.attempts, m.flow_key, m.payload, m.priority,
        extract(epoch FROM now() - m.due_at)::float8
"""
# Of a key of which nothing more could be taken, what is due already counts too: somebody had it
# locked, and may not take it.
NEXT_DUE = """
    SELECT min(due.due_at) - now()
    FROM unnest($1::text[], $2::text[]::bool[]) AS k(flow_key, dry)
    CROSS JOIN LATERAL (
        SELECT due_at FROM sluice.message
        WHERE flow_key = k.flow_key AND worker IS NULL
          AND due_at > CASE WHEN k.dry THEN '-infinity' ELSE now() END
        ORDER BY due_at LIMIT 1
    ) AS due
"""

# Nothing is claimed of such priorities: a process of an older version, which still runs, has them.
ORDINARY_ONES = f"""
    UPDATE sluice.message SET priority = {ORDINARY} WHERE seq = ANY(ARRAY(
        SELECT seq FROM sluice.message
        WHERE flow_key = ANY($1::text[]) AND priority > {HIGHEST} AND worker IS NULL
        ORDER BY id || '' FOR UPDATE SKIP LOCKED
    )) RETURNING seq
"""  # noqa: S608
# Messages of these very deliveries: a later one may be ours as well. IS TRUE keeps them from a
# join, which compares each with each.
_OURS = """ARRAY(
        SELECT seq FROM sluice.message
        WHERE seq = ANY($1::text[]::bigint[]) AND worker IS NOT DISTINCT FROM $3::uuid
          AND ((seq, deliveries)
              IN (SELECT * FROM unnest($1::text[]::bigint[], $2::text[]::int[]))) IS TRUE
        ORDER BY id || '' FOR UPDATE
    )"""
# A message that was published once more while it was in hand stays, for ``ONCE_MORE``.
END = f"""
    DELETE FROM sluice.message
    WHERE seq = ANY({_OURS}) AND again_at IS NULL
    RETURNING seq
"""  # noqa: S608
# Published once more, it begins anew. A worker that asked before this commit when the next message
# is due would sleep through one that comes soon.
_LATER = f"""
    WITH later AS (
        UPDATE sluice.message m
        SET worker = NULL, again_at = NULL, due_at = %s,
            attempts = CASE WHEN m.again_at IS NULL THEN m.attempts ELSE 0 END
        WHERE m.seq = ANY({_OURS}) AND %s
        RETURNING flow_key, priority, due_at
    )
    SELECT {_TELL} FROM later
    WHERE due_at < now() + $4::interval GROUP BY flow_key, priority
"""  # noqa: S608
ONCE_MORE = _LATER % ("m.again_at", "m.again_at IS NOT NULL")
AGAIN = _LATER % (
    "least(m.again_at, now() + ($5::text[])[array_position($1::text[], m.seq::text)]::interval)",
    "true",
)
_GIVE_BACK = f"""
    WITH back AS (
        UPDATE sluice.message SET worker = NULL, due_at = least(due_at, now()), again_at = NULL%s
        WHERE seq = ANY(ARRAY(
            SELECT seq FROM sluice.message WHERE worker = ANY($1::text[]::uuid[])
            ORDER BY id || '' FOR UPDATE
        ))
        RETURNING flow_key, priority
    )
    SELECT count(*), {_TELL} FROM back GROUP BY flow_key, priority
"""  # noqa: S608
GIVE_BACK = _GIVE_BACK % ""
GIVE_BACK_OF_DEAD = _GIVE_BACK % ", former = worker, former_delivery = deliveries"
# Where the answer to a claim was lost with its connection, or a backup brings back what we had.
LET_GO = f"""
    WITH back AS (
        UPDATE sluice.message SET worker = NULL, due_at = least(due_at, now()), again_at = NULL
        WHERE seq = ANY(ARRAY(
            SELECT seq FROM sluice.message
            WHERE worker = $1::uuid AND seq NOT IN (SELECT unnest($2::text[])::bigint)
            ORDER BY id || '' FOR UPDATE
        ))
        RETURNING flow_key, priority
    )
    SELECT count(*), {_TELL} FROM back GROUP BY flow_key, priority
"""  # noqa: S608

RENAME = """
    UPDATE sluice.message SET flow_key = $2::text
    WHERE seq = ANY(ARRAY(
        SELECT seq FROM sluice.message WHERE flow_key = $1::text ORDER BY id || '' FOR UPDATE
    ))
"""
DEAD = "SELECT pg_stat_get_dead_tuples('sluice.message'::regclass)"
VACUUM = "VACUUM (TRUNCATE FALSE) sluice.message"
_SUMS = """
    coalesce(sum(size) FILTER (WHERE worker IS NULL AND due_at <= now()), 0),
    coalesce(sum(size) FILTER (WHERE worker IS NULL AND due_at > now()), 0),
    coalesce(sum(size) FILTER (WHERE worker IS NOT NULL), 0)
"""
DEPTH = f"SELECT flow_key, {_SUMS} FROM sluice.message GROUP BY flow_key"  # noqa: S608
DEPTH_OF = f"""
    SELECT sums.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(flow_key, prefix, n)
    CROSS JOIN LATERAL (
        SELECT {_SUMS} FROM sluice.message
        WHERE message.flow_key = k.flow_key AND starts_with(id, k.prefix)
          AND id >= k.prefix AND id < k.prefix || chr(1114111)
    ) AS sums
    ORDER BY k.n
"""  # noqa: S608
# By the index of what waits, and no further than so many; what is in hand is few.
BACKLOG = """
    SELECT k.flow_key, waiting.due, waiting.later, coalesce(held.items, 0), waiting.oldest
    FROM unnest($1::text[]) AS k(flow_key)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(size) FILTER (WHERE due_at <= now()), 0) AS due,
               coalesce(sum(size) FILTER (WHERE due_at > now()), 0) AS later,
               greatest(coalesce(extract(epoch FROM now() - min(due_at)), 0), 0)::float8 AS oldest
        FROM (
            SELECT size, due_at FROM sluice.message
            WHERE flow_key = k.flow_key AND worker IS NULL ORDER BY due_at LIMIT $2::int
        ) AS first
    ) AS waiting
    LEFT JOIN (
        SELECT flow_key, sum(size) AS items FROM sluice.message
        WHERE worker IS NOT NULL GROUP BY flow_key
    ) AS held ON held.flow_key = k.flow_key
"""
