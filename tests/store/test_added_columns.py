"""A migration adds columns while processes of the former version go on: what their connections have
prepared answers as before."""

from __future__ import annotations

from app.store.deferred import batches
from app.store.monitoring import audit
from app.store.monitoring.audit import AuditFilter
from app.store.runs import runs
from app.store.steps import questions
from tests.support.families import Recording
from tests.support.service import Opener

TABLES = ("run", "run_event", "item", "step", "deferred_call", "provider_batch", "audit")


async def test_what_is_prepared_outlives_a_new_column(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        run_id = await sluice.start()
        async with sluice.service.database.connect() as tx, tx.begin() as work:

            async def asked() -> list[str]:
                await batches.due(tx, "llm", limit=1)
                await questions.waiting(tx, run_id, limit=1)
                await audit.page_of_audit(tx, AuditFilter(), behind=None, limit=1)
                return [run.id for run in (await runs.latest(tx, ["recording"])).values()]

            assert await asked() == [run_id]
            for table in TABLES:
                await tx.exec_driver_sql(f"ALTER TABLE sluice.{table} ADD COLUMN added int")
            assert await asked() == [run_id]
            await work.rollback()
