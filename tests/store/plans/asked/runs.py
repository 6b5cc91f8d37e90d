"""Runs, and what follows from their end."""

from __future__ import annotations

from collections.abc import Mapping

from app.store.items import pages
from app.store.notifications import deliveries
from app.store.notifications.deliveries import SendResult
from app.store.planning import backfills
from app.store.runs import (
    counters,
    endings,
    events,
    idempotency,
    missing_family,
    runs,
    takeovers,
    transitions,
)
from app.store.runs.counters import CounterDelta
from app.store.runs.idempotency import IdempotentCall
from app.store.runs.runs import Statistics
from app.store.runs.takeovers import Takeover
from app.store.statuses import PauseReason
from app.store.tables.backfills import BackfillPartition
from tests.store.plans.asked.wanted import DAY, RUN, Asked, Wanted


def above(wanted: Wanted) -> str:
    """The run that began it."""
    return f"above_{wanted.one}"


def backfill(wanted: Wanted) -> str:
    """Of one partition."""
    return f"backfill_{wanted.one}"


def partition(wanted: Wanted) -> BackfillPartition:
    return BackfillPartition(backfill_id=backfill(wanted), position=1, key="", params={})


BY_KEY: Mapping[str, Asked] = {
    "statuses": lambda tx, w: runs.statuses(tx, [f"run_{n}" for n in w.numbers], lock=True),
    "statuses, shared": lambda tx, w: runs.statuses(
        tx, [f"run_{n}" for n in w.numbers], share=True
    ),
}
OF_ONE: Mapping[str, Asked] = {
    "run": lambda tx, w: runs.get(tx, w.run),
    "run, and how long": lambda tx, w: runs.find_active(tx, w.run),
    "lock": lambda tx, w: runs.lock(tx, w.run),
    "children": lambda tx, w: runs.active_children(tx, above(w)),
    "children but its finish": lambda tx, w: runs.active_children(tx, above(w), finish=False),
    "whole of a finish": lambda tx, w: runs.whole_of(tx, w.run),
    "last finish": lambda tx, w: runs.last_finish(tx, above(w)),
    "count": lambda tx, w: counters.count(tx, w.run, CounterDelta({}), look_ahead=1),
    "finalise": lambda tx, w: endings.finalise(tx, w.run),
    "begin the finish": lambda tx, w: endings.begin_finish(tx, w.run, ["a"], cancelled=["a"]),
    "begin": lambda tx, w: transitions.begin(tx, w.run, Statistics(1, 1, 0)),
    "pause": lambda tx, w: transitions.pause(tx, w.run, PauseReason.OPERATOR),
    "resume": lambda tx, w: transitions.resume(tx, w.run, who="test"),
    "promote": lambda tx, w: transitions.promote(tx, w.run),
    "cancel": lambda tx, w: transitions.cancel(tx, w.run, who="test"),
    "fail": lambda tx, w: transitions.fail(tx, w.run, reason="test", detail="test"),
    "page due": lambda tx, w: pages.page_due(tx, w.run, look_ahead=1),
    "move the cursor": lambda tx, w: pages.move_cursor(tx, RUN, "x"),
    "events": lambda tx, w: events.page_of_events(tx, w.run, limit=100),
    "pauses": lambda tx, w: events.pauses(tx, w.run),
    "whether a takeover is told": lambda tx, w: takeovers.is_told(tx, w.run, "w1"),
    "tell of a takeover": lambda tx, w: takeovers.tell(tx, w.run, Takeover("w1", "w2", 1)),
    "tell that the family is gone": lambda tx, w: missing_family.tell(tx, w.run, "test"),
    "idempotent call": lambda tx, w: idempotency.claim(
        tx, IdempotentCall("c", str(w.one), b""), w.run
    ),
    "settle a backfill": lambda tx, w: backfills.settle(tx, backfill(w)),
    "counts of a backfill": lambda tx, w: backfills.counts(tx, [backfill(w)]),
    "waiting partitions": lambda tx, w: backfills.waiting(tx, backfill(w), limit=10),
    "activate a partition": lambda tx, w: backfills.activate(tx, partition(w), "new"),
    "notification": lambda tx, w: deliveries.get(tx, "t1", w.one),
    "settle a notification": lambda tx, w: deliveries.settle(
        tx, w.one, 0, SendResult(200, None, 1), DAY
    ),
    "send a notification again": lambda tx, w: deliveries.send_again(tx, w.one),
}
