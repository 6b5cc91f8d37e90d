"""The statements on ``sluice.outbox``.

Rows are found by ``= ANY(...)`` and never by a join with ``unnest`` or by a partial index
(docs/decisions/0005), and are locked in the order of their ids, as in
``app.engine.postgres.statements``.
"""

from __future__ import annotations

# A new publication where it comes sooner: what QStash has already comes later, and counts for
# nothing then.
PUBLISH = """
    WITH fresh AS (
        INSERT INTO sluice.outbox AS m (id, flow_key, payload, size, priority, due_at, try_at)
        SELECT t.id, t.flow_key, t.payload, t.size, t.priority, now() + t.delay,
               greatest(now(), now() + t.delay - $7::interval)
        FROM unnest(
            $1::text[], $2::text[], $3::text[]::bytea[], $4::text[]::int[],
            $5::text[]::smallint[], $6::text[]::interval[]
        )
            AS t(id, flow_key, payload, size, priority, delay)
        ORDER BY t.id COLLATE "C"
        ON CONFLICT (id) DO UPDATE SET
            priority = excluded.priority,
            due_at = CASE
                WHEN m.held_until IS NULL THEN least(m.due_at, excluded.due_at) ELSE m.due_at
            END,
            try_at = CASE
                WHEN m.held_until IS NULL AND m.due_at > excluded.due_at THEN excluded.try_at
                ELSE m.try_at
            END,
            publication = CASE
                WHEN m.held_until IS NOT NULL OR m.due_at <= excluded.due_at THEN m.publication
            END,
            again_at = CASE
                WHEN m.held_until IS NOT NULL THEN least(m.again_at, excluded.due_at)
            END
        WHERE m.held_until IS NOT NULL OR m.due_at > excluded.due_at
           OR m.priority <> excluded.priority
        RETURNING 1
    )
    SELECT count(*) FROM fresh
"""

# Each time under a new name, for QStash may remember one of a message that it has lost. Two that
# both reach it do no harm: the former counts for nothing.
TAKE_UNSENT = """
    UPDATE sluice.outbox
    SET publication = gen_random_uuid(), try_at = now() + $2::interval
    WHERE seq = ANY(ARRAY(
        SELECT seq FROM sluice.outbox WHERE try_at <= now()
        ORDER BY priority DESC, try_at LIMIT $1 FOR UPDATE SKIP LOCKED
    ))
    RETURNING seq, id, flow_key, payload, publication, due_at - now(), priority
"""
SENT = """
    UPDATE sluice.outbox SET try_at = NULL, sent_at = now(), failures = 0
    WHERE seq = ANY(ARRAY(
        SELECT seq FROM sluice.outbox
        WHERE seq = ANY($1::text[]::bigint[]) AND publication = ANY($2::text[]::uuid[])
          AND held_until IS NULL
        ORDER BY id || '' FOR UPDATE
    ))
"""
NOT_SENT = """
    UPDATE sluice.outbox
    SET try_at = now() + least($3::interval, interval '1 s' * power(2, least(failures, 20))),
        failures = failures + 1
    WHERE seq = ANY(ARRAY(
        SELECT seq FROM sluice.outbox
        WHERE seq = ANY($1::text[]::bigint[]) AND publication = ANY($2::text[]::uuid[])
          AND try_at::text IS NOT NULL
        ORDER BY id || '' FOR UPDATE
    ))
"""

# QStash tries again only after the former delivery has answered, or its time was up.
HOLD = """
    UPDATE sluice.outbox
    SET held_until = now() + $5::interval, retried = $4::int, try_at = NULL, failures = 0,
        deliveries = deliveries + 1, attempts = attempts + 1
    WHERE id = $1::text AND flow_key = $2::text AND publication = $3::uuid
      AND (held_until IS NULL OR held_until <= now() OR retried < $4::int)
    RETURNING seq, deliveries, attempts, payload, priority,
        extract(epoch FROM now() - due_at)::float8
"""
HELD = """
    SELECT held_until - now() FROM sluice.outbox
    WHERE id = $1::text AND flow_key = $2::text AND publication = $3::uuid
"""
END = """
    DELETE FROM sluice.outbox
    WHERE seq = $1::bigint AND deliveries = $2::int AND held_until::text IS NOT NULL
      AND again_at IS NULL
    RETURNING seq
"""
# Published once more, it begins anew.
AGAIN = """
    UPDATE sluice.outbox
    SET held_until = NULL, retried = NULL, publication = NULL, again_at = NULL,
        due_at = least(again_at, now() + $3::interval),
        try_at = greatest(now(), least(again_at, now() + $3::interval) - $4::interval),
        attempts = CASE WHEN again_at IS NULL THEN attempts ELSE 0 END
    WHERE seq = $1::bigint AND deliveries = $2::int AND held_until::text IS NOT NULL
"""
LIVING = """
    SELECT seq, deliveries FROM sluice.outbox
    WHERE seq = ANY($1::text[]::bigint[]) AND coalesce(held_until > now(), false)
"""
GIVEN_UP = """
    UPDATE sluice.outbox
    SET publication = NULL, held_until = NULL, retried = NULL, again_at = NULL,
        try_at = now() + $3::interval
    WHERE id = $1::text AND publication = $2::uuid
"""

# Those whose delivery never said that it has ended; and those of which QStash has not been heard
# since long ago.
_AGAIN_NOW = """
    UPDATE sluice.outbox
    SET publication = NULL, held_until = NULL, retried = NULL, again_at = NULL,
        due_at = least(due_at, now()), try_at = now()
    WHERE seq = ANY(ARRAY(SELECT seq FROM sluice.outbox WHERE %s ORDER BY id || '' FOR UPDATE))
"""
UNENDED = _AGAIN_NOW % "held_until < now()"
UNHEARD = _AGAIN_NOW % (
    "held_until IS NULL AND try_at IS NULL AND greatest(due_at, sent_at) < now() - $1::interval"
)

WITHDRAW = """
    DELETE FROM sluice.outbox WHERE seq = ANY(ARRAY(
        SELECT seq FROM sluice.outbox WHERE id = ANY($1::text[]) AND held_until IS NULL
        FOR UPDATE SKIP LOCKED
    ))
"""
RENAME = """
    UPDATE sluice.outbox
    SET flow_key = $2::text,
        publication = CASE WHEN held_until IS NOT NULL THEN publication END,
        try_at = CASE
            WHEN held_until IS NULL THEN greatest(now(), due_at - $3::interval)
        END
    WHERE seq = ANY(ARRAY(
        SELECT seq FROM sluice.outbox WHERE flow_key = $1::text ORDER BY id || '' FOR UPDATE
    ))
"""
HURRY = """
    UPDATE sluice.outbox
    SET publication = NULL, due_at = now() + $3::interval, try_at = now(), failures = 0
    WHERE seq = ANY(ARRAY(
        SELECT seq FROM sluice.outbox
        WHERE flow_key = ANY($1::text[]) AND held_until IS NULL
          AND due_at > now() + $3::interval AND due_at < $2::timestamptz + interval '10 s'
        ORDER BY id || '' FOR UPDATE
    ))
"""
_SUMS = """
    coalesce(sum(size) FILTER (WHERE held_until IS NULL AND due_at <= now()), 0),
    coalesce(sum(size) FILTER (WHERE held_until IS NULL AND due_at > now()), 0),
    coalesce(sum(size) FILTER (WHERE held_until IS NOT NULL), 0)
"""
DEPTH = f"SELECT flow_key, {_SUMS} FROM sluice.outbox GROUP BY flow_key"  # noqa: S608
DEPTH_OF = f"""
    SELECT sums.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(flow_key, prefix, n)
    CROSS JOIN LATERAL (
        SELECT {_SUMS} FROM sluice.outbox
        WHERE outbox.flow_key = k.flow_key AND starts_with(id, k.prefix)
          AND id >= k.prefix AND id < k.prefix || chr(1114111)
    ) AS sums
    ORDER BY k.n
"""  # noqa: S608
BACKLOG = f"""
    SELECT flow_key, {_SUMS},
           greatest(coalesce(extract(epoch FROM now() - min(due_at) FILTER (
               WHERE held_until IS NULL
           )), 0), 0)::float8
    FROM (
        SELECT flow_key, size, due_at, held_until FROM sluice.outbox
        WHERE flow_key = ANY($1::text[]) LIMIT $2::int
    ) AS outbox
    GROUP BY flow_key
"""  # noqa: S608
# What could not be sent is tried again soon: what is to be sent in a week is never read.
UNSENT = """
    SELECT count(*), greatest(coalesce(extract(epoch FROM now() - min(due_at)), 0), 0)::float8
    FROM (
        SELECT due_at FROM sluice.outbox
        WHERE try_at <= now() + $2::interval AND (try_at <= now() OR failures > 0) LIMIT $1::int
    ) AS unsent
"""
