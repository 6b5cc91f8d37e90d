"""Tables full of rows of which a statement wants one, or some: what makes the others alike is what
a plan might find them by."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

MANY = 5_000
_FILL: Mapping[str, str] = {
    # All of one run. Of each two, one is suspended and the other in hand.
    "item": """
        (run_id, item_id, status, due_at, claim, claim_number, partition)
        SELECT 'run_of_many', 'u' || n, CASE n % 2 WHEN 0 THEN 'suspended' ELSE 'pending' END,
            now(), n, 1, 'p' || n
    """,
    "step": """
        (run_id, item_id, name, kind, status, position, alone, item_attempt, started_at, event,
            event_place, event_value)
        SELECT 'run_of_many', 'u' || n, 'paid', CASE n % 2 WHEN 0 THEN 'event' ELSE 'deferred' END,
            'waiting', 1, true, 1, now(), 'paid', 'id', 'u' || n
    """,
    "run_partition": "(run_id, partition, admitted) SELECT 'run_of_many', 'p' || n, 1",
    "parked_item": "(run_id, partition, item_id) SELECT 'run_of_many', 'p' || n, 'u' || n",
    "output": "(run_id, item_id, attempt, data) SELECT 'run_of_many', 'u' || n, 1, '1'",
    "remembered": """
        (memory_id, item_id, params_key, version, run_id, at) SELECT 1, 'u' || n, '', 1, 'r', now()
    """,
    # Of each two, one has no value yet by which it is looked up.
    "event": """
        (seq, name, event_id, data, at, sender) OVERRIDING SYSTEM VALUE
        SELECT n, 'paid', n::text, jsonb_build_object('id', 'u' || n), now(), 'test'
    """,
    "event_value": """
        (name, place, value, received_at, seq)
        SELECT 'paid', 'id', 'u' || n, now(), CASE n % 2 WHEN 0 THEN 0 ELSE n END
    """,
    "event_place": """
        (name, place) SELECT CASE n WHEN 1 THEN 'paid' ELSE 'other' || n END, 'id'
    """,
    "event_start": """
        (seq, family, event, merge_key, item_id, params, params_version, at, due_at)
        OVERRIDING SYSTEM VALUE
        SELECT n, 'a', 'paid', '', 'u' || n, '{}', 1, now(), now() + interval '1 h'
    """,
    # Of each two, one waits and the other is in hand; of these each second is published once more.
    "message": """
        (seq, id, flow_key, payload, worker, deliveries, due_at, again_at) OVERRIDING SYSTEM VALUE
        SELECT n, 'm' || n, 'a.execute', '', CASE n % 2 WHEN 1 THEN md5('0')::uuid END, 1,
            now() + interval '1 h', CASE n % 4 WHEN 1 THEN now() END
    """,
    # Of each three, one is unsent, the next in hand, and the third sent.
    "outbox": """
        (seq, id, flow_key, payload, size, priority, due_at, publication, deliveries, try_at,
            held_until, sent_at) OVERRIDING SYSTEM VALUE
        SELECT n, 'm' || n, 'a.execute', '', 1, 5, now(), md5(n::text)::uuid, 1,
            CASE n % 3 WHEN 0 THEN now() + interval '1 h' END,
            CASE n % 3 WHEN 1 THEN now() + interval '1 h' END,
            CASE n % 3 WHEN 2 THEN now() END
    """,
    # Of each three, one is in a batch of many, the next in one of its own, and the third waits.
    "deferred_call": """
        (id, run_id, item_id, step, provider, url, model, body, size, batch_id)
        SELECT 'c' || n, 'run_of_many', 'u' || n, 'paid', 'openai', 'u', 'm', '{}', 2,
            CASE n % 3 WHEN 0 THEN 'b' WHEN 1 THEN 'b' || n END
    """,
    "provider_batch": """
        (id, provider, url, model, state, lines, size, poll_at)
        SELECT 'b' || n, 'openai', 'u', 'm', 'submitted', 1, 2, now() + interval '1 h'
    """,
    "run": """
        (id, family, status, params, force, started_by, parent_run, parent_item, backfill_id)
        SELECT CASE n WHEN 1 THEN 'run_of_many' ELSE 'run_' || n END, 'a', 'running', '{}', false,
            '', CASE WHEN n > 1 THEN 'above_' || n END, 'u1', 'backfill_1'
    """,
    "run_event": """
        (run_id, kind, who, reason, data)
        SELECT 'run_' || n, 'batch_delayed', 'sluice', 'refused', '{"provider": "openai"}'
    """,
    "idempotency_key": "(caller, key, fingerprint, run_id) SELECT 'c', n::text, '', 'run_' || n",
    "backfill_partition": """
        (backfill_id, position, key, params, status, run_id)
        SELECT 'backfill_' || n, 1, n::text, '{}', 'active', 'run_' || n
    """,
    "notification_delivery": """
        (id, message_id, target_id, event, run_id, data, open, due_at) OVERRIDING SYSTEM VALUE
        SELECT n, 'm' || n, 't1', 'run.ended', 'run_' || n, '{}', true, now() + interval '1 h'
    """,
}
"""By table, the columns and what is selected ``FROM`` the numbers ``n``."""
_TABLES = ", ".join(f"sluice.{table}" for table in _FILL)
_NUMBERED = {
    "event": "seq", "event_start": "seq", "message": "seq", "outbox": "seq",
    "notification_delivery": "id",
}  # fmt: skip


async def fill(tx: AsyncConnection, first: int, last: int) -> None:
    """With the rows of these numbers."""
    for table, rows in _FILL.items():
        await tx.exec_driver_sql(
            f"INSERT INTO sluice.{table} {rows} FROM generate_series({first}, {last}) AS n"
        )
    for table, column in _NUMBERED.items():
        sequence = f"pg_get_serial_sequence('sluice.{table}', '{column}')"
        await tx.exec_driver_sql(f"SELECT setval({sequence}, {MANY})")


async def empty(tx: AsyncConnection) -> None:
    """Not a page is left of them."""
    await tx.exec_driver_sql(f"TRUNCATE {_TABLES}")


async def analyze(tx: AsyncConnection) -> None:
    await tx.exec_driver_sql(f"ANALYZE {_TABLES}")
