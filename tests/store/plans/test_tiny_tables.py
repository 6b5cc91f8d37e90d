"""Plans that were made while a table had a row or three, and statistics said so, are kept for a
while after it has thousands: what is looked up by key is read by key then, too
(docs/decisions/0005)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from math import fsum, inf
from typing import Any, NamedTuple

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.postgres import statements as queue
from app.engine.postgres.engine import WITHDRAW
from app.engine.qstash import statements as outbox
from app.store.deferred import calls, delays, replies
from app.store.events import inbox, waits, wakes
from app.store.events.event_match import MARK
from app.store.items import claims, outcomes, result_memory
from app.store.steps import steps, suspension
from tests.store.plans.first_day_plans import prepared
from tests.support.families import Recording
from tests.support.service import Opener

FEW = 4
"""Rows that a statement reads, of those thousands."""
MANY = 5_000
TABLES = (
    "item", "step", "event", "event_value", "event_place", "message", "outbox", "remembered",
    "deferred_call", "run", "run_event",
)  # fmt: skip
FILL = """
    INSERT INTO sluice.item (run_id, item_id, status, due_at, claim, claim_number)
    SELECT 'run_of_many', 'u' || n, CASE WHEN n % 2 = 0 THEN 'suspended' ELSE 'pending' END, now(),
        n, 1
    FROM generate_series({first}, {last}) AS n;
    INSERT INTO sluice.step (run_id, item_id, name, kind, status, position, alone, item_attempt,
        started_at, event, event_place, event_value)
    SELECT 'run_of_many', 'u' || n, 'paid', CASE WHEN n % 2 = 0 THEN 'event' ELSE 'deferred' END,
        'waiting', 1, true, 1, now(), 'paid', 'id', 'u' || n
    FROM generate_series({first}, {last}) AS n;
    INSERT INTO sluice.event (seq, name, event_id, data, at, sender) OVERRIDING SYSTEM VALUE
    SELECT n, 'paid', n::text, jsonb_build_object('id', 'u' || n), now(), 'test'
    FROM generate_series({first}, {last}) AS n;
    INSERT INTO sluice.event_place (name, place) VALUES ('paid', 'id') ON CONFLICT DO NOTHING;
    INSERT INTO sluice.event_value (name, place, value, received_at, seq)
    SELECT 'paid', 'id', 'u' || n, now(), n FROM generate_series({first}, {last}) AS n
    WHERE n < 4990;
    INSERT INTO sluice.message (seq, id, flow_key, payload, worker, deliveries)
    OVERRIDING SYSTEM VALUE SELECT n, 'm' || n, 'a.execute', '', md5('0')::uuid, 1
    FROM generate_series({first}, {last}) AS n;
    INSERT INTO sluice.outbox (seq, id, flow_key, payload, size, priority, due_at, try_at,
        publication) OVERRIDING SYSTEM VALUE
    SELECT n, 'm' || n, 'a.execute', '', 1, 5, now(), now() + interval '1 h', md5(n::text)::uuid
    FROM generate_series({first}, {last}) AS n;
    INSERT INTO sluice.remembered (memory_id, item_id, params_key, version, run_id, at)
    SELECT 1, 'u' || n, '', 1, 'r', now() FROM generate_series({first}, {last}) AS n;
    INSERT INTO sluice.deferred_call (id, run_id, item_id, step, provider, url, model, body, size,
        batch_id)
    SELECT 'c' || n, 'run_of_many', 'u' || n, 'paid', 'openai', 'u', 'm', '{{}}', 2, 'b' || n
    FROM generate_series({first}, {last}) AS n;
    INSERT INTO sluice.run (id, family, status, params, force, started_by)
    SELECT CASE n WHEN 1 THEN 'run_of_many' ELSE 'run_' || n END, 'a', 'running', '{{}}', false, ''
    FROM generate_series({first}, {last}) AS n;
    INSERT INTO sluice.run_event (run_id, kind, who, reason, data)
    SELECT 'run_' || n, 'batch_delayed', 'sluice', 'refused', '{{"provider": "openai"}}'
    FROM generate_series({first}, {last}) AS n
"""


class Asked(NamedTuple):
    """``values``: SQL."""

    statement: str
    types: str
    values: str


def texts(number: int, *more: str) -> str:
    return ", ".join([*["text[]"] * number, *more])


def each(*values: str | None) -> str:
    """An array of each."""
    return ", ".join("ARRAY[NULL]" if one is None else f"ARRAY['{one}']" for one in values)


def of_driver(statement: object, **types: str) -> str:
    """As the driver has it. ``types``: of its parameters, by name."""
    said = str(statement)
    for number, (name, kind) in enumerate(types.items(), start=1):
        said = said.replace(f":{name}", f"${number}::{kind}")
    return said


RUN = "run_of_many"
CONSUMER, SENT = "md5('0')::uuid", "ARRAY[md5('4001')::uuid::text]"
ITEM, PENDING = (RUN, "u4000"), (RUN, "u4001")
HELD = (*PENDING, "4001", "1")
RECORDED = (
    *PENDING, "failed", "1", "0", "true", "1", *[None] * 5, "0", "0", *[None] * 3, "1", "4001", "1"
)  # fmt: skip
ASKED = {
    "find": Asked(wakes._FIND, texts(1), each("4998")),
    "page": Asked(wakes._PAGE, texts(1, *["text"] * 3), f"{each('4998')}, '', '', ''"),
    "coming": Asked(wakes._OF_STEP, "text, text, text", f"'{RUN}', 'u4998', 'paid'"),
    "answer": Asked(wakes._ANSWER, texts(4), each(*ITEM, "paid", "4998")),
    "finish": Asked(wakes._FINISH, texts(1), each("4001")),
    "mark": Asked(MARK, texts(3), each("4001", "1", "{r}")),
    "link": Asked(inbox._LINK, texts(2), each("4001", "{1}")),
    "look back": Asked(
        waits._LOOK_BACK,
        texts(9),
        each(*PENDING, "s", "paid", "id", "u4001", "2020-01-01", "r", "{}"),
    ),
    "hold": Asked(suspension._HOLD, texts(2), each(*ITEM)),
    "lock": Asked(suspension._LOCK, texts(2), each(*ITEM)),
    "go on": Asked(suspension._GO_ON, texts(2), each(*ITEM)),
    "wake": Asked(suspension._WAKE, texts(4), each(*ITEM, "9", "1")),
    "steps": Asked(steps._STAND_SHARED, texts(3), each(*ITEM, "paid")),
    "free": Asked(claims._FREE, "text, text[]", f"'{RUN}', {each('u4001')}"),
    "take over": Asked(
        claims._TAKE_FROM,
        "text, text[], bigint, int, text[], text[]",
        f"'{RUN}', {each('u4001')}, 9, 1, {each('4001', '1')}",
    ),
    "release": Asked(claims._RELEASE, texts(4), each(*HELD)),
    "held": Asked(claims._HELD, texts(4), each(*HELD)),
    "record": Asked(outcomes._RECORD, texts(20), each(*RECORDED)),
    "remembered": Asked(
        result_memory._LOOK_UP,
        "int, text[], text, int, interval",
        f"1, {each('u4001')}, '', 1, NULL",
    ),
    "forget": Asked(result_memory._FORGET, "int, text[]", f"1, {each('u4001')}"),
    "answers": Asked(
        of_driver(calls._OF_BATCH, batch="text", ids="text[]"),
        "text, text[]",
        f"'b4001', {each('c4001')}",
    ),
    "untold": Asked(
        of_driver(
            delays._UNTOLD,
            batch="text",
            reason="text",
            provider="text",
            once_in="interval",
            most="int",
        ),
        "text, text, text, interval, int",
        "'b4001', 'refused', 'openai', '1 day', 1000",
    ),
    "lock for answers": Asked(calls._LOCK, texts(2), each(*PENDING)),
    "settle": Asked(replies._SETTLE, texts(7), each(*PENDING, "paid", "done", "1", None, None)),
    "spend": Asked(replies._SPEND, texts(3), each(*PENDING, "1")),
    "end": Asked(queue.END, texts(2, "uuid"), f"{each('4001', '1')}, {CONSUMER}"),
    "again": Asked(
        queue.AGAIN,
        texts(2, "uuid", "interval", "text[]"),
        f"{each('4001', '1')}, {CONSUMER}, '0 s', {each('1 s')}",
    ),
    "withdraw": Asked(WITHDRAW, texts(1), each("m4001")),
    "abandoned": Asked(queue.ABANDONED, texts(2), each("4001", "1")),
    "once more": Asked(
        queue.ONCE_MORE, texts(2, "uuid", "interval"), f"{each('4001', '1')}, {CONSUMER}, '0 s'"
    ),
    "living": Asked(queue.LIVING, texts(1), each("4001")),
    "of the dead": Asked(queue.GIVE_BACK_OF_DEAD, texts(1), "ARRAY[md5('1')]"),
    "withdraw from the outbox": Asked(outbox.WITHDRAW, texts(1), each("m4001")),
    "sent": Asked(outbox.SENT, texts(2), f"{each('4001')}, {SENT}"),
    "not sent": Asked(outbox.NOT_SENT, texts(2, "interval"), f"{each('4001')}, {SENT}, '1 s'"),
    "hold a delivery": Asked(
        outbox.HOLD,
        "text, text, uuid, int, interval",
        "'m4001', 'a.execute', md5('4001')::uuid, 0, '1 s'",
    ),
    "unended": Asked(outbox.UNENDED, "", ""),
}


async def explained(tx: AsyncConnection, execute: str) -> dict[str, Any]:  # as Postgres tells it
    found = (
        await tx.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {execute}")
    ).scalar_one()
    [told] = json.loads(found) if isinstance(found, str) else found
    plan: dict[str, Any] = told["Plan"]
    return plan


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of a plan that read a table or an index."""
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        yield plan
    for part in plan.get("Plans", ()):
        yield from scans(part)


def rows_read(plan: dict[str, Any]) -> float:
    """With those that a filter dropped; ``inf`` where a part that had nothing to do this time would
    have read a whole table, which the connection's settings forbid."""
    found = list(scans(plan))
    if any(scan["Node Type"] == "Seq Scan" for scan in found):
        return inf
    of_one = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return fsum(scan["Actual Loops"] * scan.get(rows, 0) for scan in found for rows in of_one)


async def fill(tx: AsyncConnection, first: int, last: int) -> None:
    for statement in FILL.format(first=first, last=last).split(";"):
        await tx.exec_driver_sql(statement)


@pytest.mark.parametrize("rows", [1, 3])
async def test_what_is_looked_up_by_key_is_read_by_key_with_plans_of_a_nearly_empty_table(
    opener: Opener, rows: int
) -> None:
    async with opener(Recording()) as sluice:
        ledger = sluice.service.pools.ledger
        async with ledger.connect() as tx, tx.begin() as work:
            await fill(tx, 1, rows)
            named = ", ".join(f"sluice.{table}" for table in TABLES)
            await tx.exec_driver_sql(f"ANALYZE {named}")
            read = {}
            async with AsyncExitStack() as kept:
                calls_of = {}
                for name, asked in ASKED.items():
                    known = await kept.enter_async_context(
                        prepared(tx, asked.types, asked.statement)
                    )
                    given = f"({asked.values})" if asked.values else ""
                    calls_of[name] = f"EXECUTE {known}{given}"
                    await tx.exec_driver_sql(f"EXPLAIN {calls_of[name]}")
                await fill(tx, rows + 1, MANY)
                for name, call in calls_of.items():
                    async with tx.begin_nested() as once:
                        read[name] = rows_read(await explained(tx, call))
                        await once.rollback()
            await work.rollback()
    assert {name: number for name, number in read.items() if number > FEW} == {}
