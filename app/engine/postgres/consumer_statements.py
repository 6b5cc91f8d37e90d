"""Statements on ``sluice.consumer``: that a worker lives, and who is gone."""

from __future__ import annotations

# The lock of a consumer is (hash, number), which pg_locks shows as two unsigned numbers.
_KIND = "hashtext('sluice.consumer')"
REGISTER = """
    INSERT INTO sluice.consumer (id) VALUES ($1::uuid)
    ON CONFLICT (id) DO UPDATE SET beat_at = now(), missed_at = NULL RETURNING number
"""
BEAT = """
    UPDATE sluice.consumer SET beat_at = now(), missed_at = NULL WHERE id = $1::uuid
    RETURNING number
"""
LOCK = f"SELECT pg_advisory_lock({_KIND}, $1::int)"
UNREGISTER = "DELETE FROM sluice.consumer WHERE id = $1::uuid"
_GONE = f"""
    NOT EXISTS (
        SELECT FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.objsubid = 2
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND l.classid::bigint = {_KIND}::bigint & 4294967295 AND l.objid::bigint = c.number
    )
"""  # noqa: S608
MISSED = f"""
    UPDATE sluice.consumer c SET missed_at = now()
    WHERE c.id <> $1::uuid AND c.missed_at IS NULL AND {_GONE}
"""  # noqa: S608
BURY = f"""
    DELETE FROM sluice.consumer c
    WHERE c.id <> $1::uuid AND (
        c.beat_at < now() - $2::interval OR c.missed_at < now() - $3::interval AND {_GONE}
    )
    RETURNING c.id
"""  # noqa: S608
# Each worker asks every second, and most of the time nothing else. Whether any of ``LET_GO``,
# ``BURY`` and ``MISSED`` would find something: nearly always not. And when the next message is due,
# or since when one is.
LOOK = f"""
    SELECT (
        SELECT min(due.due_at) - now() FROM unnest($5::text[]) AS k(flow_key)
        CROSS JOIN LATERAL (
            SELECT due_at FROM sluice.message
            WHERE flow_key = k.flow_key AND worker IS NULL
            ORDER BY due_at LIMIT 1
        ) AS due
    ), EXISTS (
        SELECT FROM sluice.message
        WHERE worker = $1::uuid AND seq NOT IN (SELECT unnest($2::text[])::bigint)
    ) OR EXISTS (
        SELECT FROM sluice.consumer c
        WHERE c.id <> $1::uuid AND (
            c.beat_at < now() - $3::interval
            OR coalesce(c.missed_at < now() - $4::interval, true) AND {_GONE}
        )
    )
"""  # noqa: S608
ORPHANED = """
    SELECT DISTINCT worker FROM sluice.message
    WHERE worker IS NOT NULL AND NOT EXISTS (SELECT FROM sluice.consumer WHERE id = worker)
"""
