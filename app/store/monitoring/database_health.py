"""How well the database is: what its own statistics say of replicas, transactions and dead rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw

# One that has caught up has no lag. While replay stands still, Postgres lets the lag grow. Of who
# may not see it everything is null but the name.
_LAG = """
    SELECT coalesce(max(replay_lag), interval '0'), count(*) FILTER (WHERE state IS NULL)
    FROM pg_stat_replication
"""
# A backup, a replica's feedback and vacuum itself begin none that count here.
_OLDEST = """
    SELECT age, name FROM (
        SELECT clock_timestamp() - xact_start AS age,
               'of process ' || pid || coalesce(', ' || nullif(application_name, ''), '') AS name
        FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend'
          AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
        UNION ALL
        SELECT clock_timestamp() - prepared, 'prepared as ' || quote_literal(gid)
        FROM pg_prepared_xacts WHERE database = current_database()
    ) AS open ORDER BY age DESC LIMIT 1
"""
_DEAD = """
    SELECT c.relname::text, pg_stat_get_dead_tuples(c.oid) FROM pg_class c
    WHERE c.oid = ANY(ARRAY[
        'sluice.message'::regclass, 'sluice.outbox'::regclass, 'sluice.item'::regclass
    ]::oid[])
    ORDER BY 2 DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class ReplicaLag:
    """``hidden``: replicas of which Postgres tells this user nothing."""

    longest: timedelta
    hidden: int


async def replica_lag(tx: AsyncConnection) -> ReplicaLag:
    """The largest lag of a replica; none without replicas."""
    [(longest, hidden)] = await fetch_raw(tx, _LAG)
    return ReplicaLag(longest, int(hidden))


async def oldest_transaction(tx: AsyncConnection) -> tuple[timedelta, str] | None:
    """How long it has been open, and whose it is; None: there is none that this user may see."""
    found = await fetch_raw(tx, _OLDEST)
    return (found[0][0], found[0][1]) if found else None


async def most_dead_rows(tx: AsyncConnection) -> tuple[str, int]:
    """Of the queue's tables and that of items the one that has most, and how many."""
    [(table, number)] = await fetch_raw(tx, _DEAD)
    return table, int(number)
