"""An event finds who waits for it, and a wait the event that came before, by plans of the first day
as well: among thousands they read those alone (docs/decisions/0005)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.events import waits, wakes
from app.store.steps import suspension
from tests.store.plans.first_day_plans import prepared
from tests.support.service import Opener
from tests.workflows.events.invoices import Awaiting, wait

FEW = 150
"""Blocks, of some hundred in each table and index."""
FULL = """
    INSERT INTO sluice.item (run_id, item_id, status, due_at)
        SELECT 'run_1', 'u' || n, 'suspended', now() FROM generate_series(1, 5000) AS n;
    INSERT INTO sluice.step (run_id, item_id, name, kind, status, position, alone, item_attempt,
            started_at, event, event_place, event_value)
        SELECT 'run_1', 'u' || n, 'paid', 'event', 'waiting', 1, true, 1, now(), 'paid', 'id',
            'u' || n FROM generate_series(1, 5000) AS n;
    INSERT INTO sluice.event (seq, name, event_id, data, at, sender) OVERRIDING SYSTEM VALUE
        SELECT n, 'paid', n::text, jsonb_build_object('id', 'u' || n), now(), 'test'
        FROM generate_series(1, 5000) AS n;
    INSERT INTO sluice.event_place (name, place) VALUES ('paid', 'id');
    INSERT INTO sluice.event_value (name, place, value, received_at, seq)
        SELECT 'paid', 'id', 'u' || event_id, received_at, seq FROM sluice.event WHERE seq < 5000;
    UPDATE sluice.event SET waking = true WHERE seq = 7
"""
SEQ = "'{5000}'"
ONE, PAID = "'{run_1}', '{u7}'", "'{paid}'"


async def _explained(tx: AsyncConnection, execute: str) -> dict[str, Any]:
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {execute}"
    found = (await tx.exec_driver_sql(explain)).scalar_one()
    [explained] = json.loads(found) if isinstance(found, str) else found
    plan: dict[str, Any] = explained["Plan"]
    return plan


@pytest.mark.parametrize(
    ("statement", "types", "call"),
    [
        (wakes._FIND, "text[]", SEQ),
        (wakes._PAGE, ", ".join(["text[]", *["text"] * 3]), f"{SEQ}, '', '', ''"),
        (wakes._OF_STEP, ", ".join(["text"] * 3), "'run_1', 'u7', 'paid'"),
        (suspension._HOLD, "text[], text[]", ONE),
        (suspension._GO_ON, "text[], text[]", ONE),
        (
            suspension._WAKE,
            ", ".join(["text[]"] * 4),
            f"{ONE}, '{{7}}', '{{1}}'",
        ),
        (wakes._ANSWER, ", ".join(["text[]"] * 4), f"{ONE}, {PAID}, '{{7}}'"),
        (
            waits._LOOK_BACK,
            ", ".join(["text[]"] * 9),
            (
                f"{ONE}, {PAID}, {PAID}, '{{id}}', '{{u7}}', '{{2020-01-01}}', '{{run_1}}',"
                """ '{"{}"}'"""
            ),
        ),
    ],
    ids=["find", "page", "of-step", "hold", "go-on", "wake", "answer", "look-back"],
)
async def test_a_plan_of_the_first_day_reads_no_more_than_one(
    opener: Opener, statement: str, types: str, call: str
) -> None:
    async with opener(Awaiting(wait)) as sluice:
        run_id = await sluice.start()
        asked = call.replace("run_1", run_id)
        async with sluice.service.pools.ledger.begin() as tx:
            async with prepared(tx, types, statement) as name:
                execute = f"{name}({asked})"
                assert (await _explained(tx, execute))["Actual Rows"] == 0
                for one in FULL.replace("run_1", run_id).split(";"):
                    await tx.exec_driver_sql(one)
                plan = await _explained(tx, execute)
            await tx.rollback()
    assert plan["Actual Rows"] == 1
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < FEW
