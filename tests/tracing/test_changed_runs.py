"""A run of which word comes while its items are being taken is traced all the same."""

from __future__ import annotations

import asyncio

from app.store.runs.events import CHANNEL
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.tracing.collector import collecting

LOCK = 4_711
HELD_UP = (
    f"""
    CREATE FUNCTION tests.hold_up() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared({LOCK}); RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER hold_up BEFORE UPDATE ON sluice.item FOR EACH ROW
    WHEN (OLD.claim IS NULL AND NEW.claim IS NOT NULL) EXECUTE FUNCTION tests.hold_up()
    """,
)
WAITS = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND NOT granted"


async def test_a_chunk_has_its_span_though_its_run_changed_while_it_was_taken(
    opener: Opener,
) -> None:
    with collecting() as collector:
        async with opener(Recording(), otel_endpoint=collector.endpoint) as sluice:
            for statement in HELD_UP:
                await sluice.sql(statement)
            try:
                await sluice.add_users(3)
                run_id = await sluice.start()
                async with sluice.worker(), asyncio.timeout(PATIENCE):
                    with sluice.service.changes.of(run_id) as changed:
                        async with sluice.service.database.connect() as holder:
                            await holder.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
                            while not await sluice.sql(WAITS, lock=LOCK):
                                await asyncio.sleep(0.02)
                            changed.clear()
                            # Whatever was known of the run is forgotten, and nobody asks anew.
                            await sluice.sql(f"SELECT pg_notify('{CHANNEL}', :run)", run=run_id)
                            await changed.wait()
                            await holder.exec_driver_sql(f"SELECT pg_advisory_unlock({LOCK})")
                    run = await sluice.ended(run_id)
            finally:
                await sluice.sql("DROP FUNCTION tests.hold_up CASCADE")
        assert run.succeeded == 3
        assert {span.item for span in collector.named("item recording")} == {
            "u00001", "u00002", "u00003",
        }  # fmt: skip
