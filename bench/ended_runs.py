"""Items of runs that ended, as they are left: most succeeded, some were skipped, some failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from ulid import ULID

from app.store.database import reading

PER_RUN = 10_000
DAYS = timedelta(days=50)
"""Over which they ended, evenly: the last of them just now."""
AT_ONCE = 50
"""Runs of one transaction."""

_RUNS = text("""
    INSERT INTO sluice.run (id, family, status, params, force, started_by, total_eligible,
        to_process, already_processed, paged, scheduled, succeeded, skipped, failed, work_ms,
        created_at, started_at, finished_at)
    SELECT id, 'bench', 'partial', '{}', false, 'bench', n, n, 0, true, n, n * 97 / 100,
        n * 2 / 100, n / 100, n * 20, at, at, at + interval '10 minutes'
    FROM unnest(CAST(:ids AS text[]), CAST(:ats AS timestamptz[])) AS t(id, at),
        CAST(:items AS bigint) AS n
""")
_EVENTS = text("""
    INSERT INTO sluice.run_event (run_id, at, kind, who)
    SELECT id, at, kind, 'bench'
    FROM unnest(CAST(:ids AS text[]), CAST(:ats AS timestamptz[])) AS t(id, at),
        unnest(ARRAY['created', 'started', 'finished']) AS kind
""")
_ITEMS = text("""
    INSERT INTO sluice.item (run_id, item_id, status, attempts, executed, begun, result,
        error_class, error_message, error_traceback, error_group,
        scheduled_at, started_at, finished_at)
    SELECT t.id, 'usr_' || lpad(n::text, 12, '0'),
        CASE n % 100 WHEN 0 THEN 'failed' WHEN 1 THEN 'skipped' WHEN 2 THEN 'skipped'
            ELSE 'succeeded' END,
        CASE n % 100 WHEN 0 THEN 3 ELSE 1 END, n % 100 > 2, n % 100 = 0,
        CASE WHEN n % 100 > 2 THEN jsonb_build_object('user', n, 'text', repeat('welcome ', 8)) END,
        CASE n % 100 WHEN 0 THEN 'ValueError' END,
        CASE n % 100 WHEN 0 THEN 'The answer of user ' || n || ' is no JSON' END,
        CASE n % 100 WHEN 0 THEN repeat('File "app/workflows/families/welcome.py", line 40' || n, 9)
            END,
        CASE n % 100 WHEN 0 THEN 'The answer of user … is no JSON' END,
        t.at, t.at + n * interval '50 ms', t.at + n * interval '50 ms' + interval '20 ms'
    FROM unnest(CAST(:ids AS text[]), CAST(:ats AS timestamptz[])) AS t(id, at),
        generate_series(1, CAST(:items AS bigint)) AS n
""")
_FULL = text("ALTER TABLE sluice.item SET (fillfactor = 100)")
_AS_IT_WAS = text("ALTER TABLE sluice.item SET (fillfactor = 65)")


async def fill(database: AsyncEngine, runs: int, *, per_run: int = PER_RUN) -> list[str]:
    """Add so many runs of so many items, and leave the tables as autovacuum would. Returns their
    ids, the oldest first."""
    async with database.begin() as tx:
        # A run's rows fill their pages as they end. Written at once, with what is kept free for
        # that left over, the next run's rows would be strewn over the gaps.
        await tx.execute(_FULL)
    now = datetime.now(UTC)
    ats = [now - DAYS * ((runs - n) / runs) for n in range(runs)]
    ids = [f"run_{ULID.from_datetime(at)}" for at in ats]
    for first in range(0, runs, AT_ONCE):
        some = {
            "ids": ids[first : first + AT_ONCE],
            "ats": ats[first : first + AT_ONCE],
        }
        async with database.begin() as tx:
            for statement in (_RUNS, _ITEMS):
                await tx.execute(statement, {**some, "items": per_run})
            await tx.execute(_EVENTS, some)
    async with reading(database) as connection:
        await connection.execute(text("VACUUM ANALYZE"))
        await connection.execute(_AS_IT_WAS)
    return ids
