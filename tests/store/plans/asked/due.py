"""What is due, unsettled or not ended, of very many rows that are not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import Ask
from app.engine.postgres.queue_connection import QueueConnection
from app.engine.qstash import statements as outbox
from app.store.deferred import batches, calls, delays, unawaited_calls
from app.store.deferred.calls import WaitingGroup
from app.store.events import starts, wakes
from app.store.items import items
from app.store.monitoring import holds, samples
from app.store.notifications import deliveries
from app.store.runs import overlap, runs, throttle_events
from app.store.steps import questions
from tests.store.plans.asked.messages import ENGINE
from tests.store.plans.asked.wanted import DAY, KEY, RUN, Asked, Wanted, queue_of, raw

NUMBER = 10
"""That are due, of each table; and messages that are in the worker's hands."""
_FIRST, _LAST = 4_000, 4_000 + NUMBER - 1
_THESE = f"BETWEEN {_FIRST} AND {_LAST}"
MAKE_DUE = f"""
    UPDATE sluice.message SET worker = NULL, due_at = now() WHERE seq {_THESE};
    UPDATE sluice.message SET worker = NULL WHERE NOT seq BETWEEN 4100 AND 4100 + 2 * {NUMBER};
    UPDATE sluice.outbox SET held_until = NULL, try_at = now() WHERE seq {_THESE};
    UPDATE sluice.outbox SET held_until = now() - interval '1 s'
        WHERE seq BETWEEN 4100 AND 4100 + 3 * {NUMBER} - 1 AND held_until IS NOT NULL;
    UPDATE sluice.event_start SET due_at = now() WHERE seq {_THESE};
    UPDATE sluice.event SET waking = true WHERE seq {_THESE};
    UPDATE sluice.notification_delivery SET due_at = now() WHERE id {_THESE};
    UPDATE sluice.deferred_call SET batch_id = 'b1' WHERE batch_id IS NULL;
    UPDATE sluice.deferred_call SET batch_id = NULL WHERE substr(id, 2)::int {_THESE};
    UPDATE sluice.provider_batch SET ended_at = now() WHERE NOT substr(id, 2)::int {_THESE};
    UPDATE sluice.provider_batch SET poll_at = now() WHERE ended_at IS NULL;
    UPDATE sluice.step SET status = 'suspended' WHERE substr(item_id, 2)::int {_THESE};
    UPDATE sluice.run SET finished_at = now()
        WHERE id <> 'run_of_many' AND NOT substr(id, 5)::int {_THESE};
    INSERT INTO sluice.notification_target
        (id, name, kind, shown, sealed, url_digest, created_by)
        VALUES ('t1', 't', 'webhook', '', '', '', '') ON CONFLICT DO NOTHING
"""  # noqa: S608 - ours
ASKED = [(KEY, Ask(100)), ("b.execute", Ask(100))]
KEYS = [key for key, _ in ASKED]
GROUP = WaitingGroup("u", "m", NUMBER, NUMBER, 0.0)


async def make_due(tx: AsyncConnection) -> None:
    """``NUMBER`` rows of each table."""
    for statement in MAKE_DUE.split(";"):
        await tx.exec_driver_sql(statement)


class Due(NamedTuple):
    """``times``: how often one of its statements reads a row that it takes."""

    times: int
    call: Asked


def on_queue(call: Callable[[QueueConnection], Awaitable[object]]) -> Asked:
    async def asked(tx: AsyncConnection, _: Wanted) -> None:
        await call(await queue_of(tx))

    return asked


BY_INDEX: Mapping[str, Due] = {
    "claim": Due(2, on_queue(lambda queue: queue.claim(ASKED, 100))),
    "next due": Due(0, on_queue(lambda queue: queue.next_due(KEYS, []))),
    "next due of what is dry": Due(0, on_queue(lambda queue: queue.next_due(KEYS, KEYS))),
    "look": Due(2, on_queue(lambda queue: queue.look([], KEYS))),
    "give back": Due(2, on_queue(lambda queue: queue.give_back())),
    "mend priorities": Due(0, on_queue(lambda queue: queue.mend_priorities(KEYS))),
    "take what is unsent": Due(2, lambda tx, _: raw(tx, outbox.TAKE_UNSENT, 100, DAY)),
    "unended": Due(2, lambda tx, _: raw(tx, outbox.UNENDED)),
    "groups of requests": Due(2, lambda tx, _: calls.waiting(tx, "openai")),
    "assign requests": Due(
        4, lambda tx, _: calls.assign(tx, "openai", GROUP, "new", size=100, most=1_000)
    ),
    "drop requests of runs that have ended": Due(
        2, lambda tx, _: unawaited_calls.drop_ended(tx, "openai")
    ),
    "providers": Due(1, lambda tx, _: batches.providers(tx)),
    "batches": Due(1, lambda tx, _: batches.due(tx, "openai", limit=100)),
    "whether a provider is asked": Due(0, lambda tx, _: batches.is_asked(tx, "openai", DAY)),
    "names of events that wake": Due(1, lambda tx, _: wakes.names(tx)),
    "events that wake": Due(1, lambda tx, _: wakes.unfinished(tx, "paid")),
    "active run": Due(1, lambda tx, _: overlap.active(tx, "a")),
    "next run": Due(1, lambda tx, _: overlap.take_next(tx, "a")),
}
"""On connections that read by key and by index alone, with plans of a nearly empty table."""
BY_STATISTICS: Mapping[str, Due] = {
    "unsent": Due(1, lambda tx, _: raw(tx, outbox.UNSENT, 100, timedelta(minutes=5))),
    "backlog": Due(2, lambda tx, _: ENGINE.backlog(tx, KEYS, most=NUMBER)),
    "waiting starts": Due(2, lambda tx, _: starts.waiting(tx, {("a", "paid"): NUMBER})),
    "starts": Due(1, lambda tx, _: starts.take(tx, "a", "paid", size=100, early=False)),
    "notifications": Due(2, lambda tx, _: deliveries.claim(tx, {}, at_once=100)),
    "waiting requests": Due(1, lambda tx, _: batches.waiting(tx, limit=100)),
    "delayed batches": Due(1, lambda tx, _: delays.delayed(tx, limit=100)),
    "questions of a run": Due(3, lambda tx, _: questions.waiting(tx, RUN, limit=100)),
    "questions": Due(3, lambda tx, _: questions.waiting_anywhere(tx, limit=100, largest=100)),
    "unfinished runs": Due(1, lambda tx, _: runs.unfinished(tx)),
    "runs to sample": Due(1, lambda tx, _: samples.unfinished(tx)),
    "throttled runs": Due(2, lambda tx, _: throttle_events.tell(tx, "a", "test", limit=100)),
    "throttles to look at": Due(1, lambda tx, _: holds.due(tx, ["a"])),
    "awaited items": Due(1, lambda tx, _: items.awaited(tx, RUN, after_id="u4", limit=NUMBER)),
    "open items": Due(1, lambda tx, _: items.lock_open(tx, RUN, after_id="u4", limit=NUMBER)),
}
"""On the others, once the statistics are those of the full table."""
