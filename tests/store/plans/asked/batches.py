"""Requests that wait for providers' batches, and these."""

from __future__ import annotations

from collections.abc import Mapping

from app.store.deferred import batches, calls, delays, refused_lines, replies, unawaited_calls
from app.store.deferred.calls import NewCall
from app.store.deferred.replies import StepReply
from app.store.statuses import StepStatus
from app.store.tables.steps import ProviderBatch
from tests.store.plans.asked.wanted import DAY, RUN, Asked, Wanted


def batch(wanted: Wanted) -> ProviderBatch:
    return ProviderBatch(
        id=wanted.batch, provider="openai", url="u", model="m", state="submitted", lines=1, size=2
    )


BY_KEY: Mapping[str, Asked] = {
    "add": lambda tx, w: calls.add(
        tx,
        [NewCall(f"new{item}", RUN, item, "paid", "openai", "u", "m", "{}") for item in w.pending],
    ),
    "of a batch": lambda tx, w: calls.of_batch(tx, "b", w.in_batch),
    "lock items": lambda tx, w: calls.lock_items(tx, w.suspended),
    "give back": lambda tx, w: calls.give_back(tx, w.in_batch, DAY, tried=True),
    "delete": lambda tx, w: calls.delete(tx, w.in_batch),
    "settle steps": lambda tx, w: replies.settle(
        tx, [StepReply(RUN, item, "paid", StepStatus.DONE, "1") for item in w.pending]
    ),
    "spend": lambda tx, w: replies.spend(tx, dict.fromkeys(w.suspended, 1)),
}
OF_ONE: Mapping[str, Asked] = {
    "batch": lambda tx, w: batches.get(tx, w.batch),
    "hold": lambda tx, w: batches.hold(tx, batch(w)),
    "change": lambda tx, w: batches.change(tx, batch(w), tries=0),
    "deny": lambda tx, w: batches.deny(tx, batch(w), "test", 1),
    "left": lambda tx, w: calls.left(tx, w.batch, limit=100),
    "lines": lambda tx, w: calls.page_of_file(tx, w.batch, after="", limit=100),
    "measure": lambda tx, w: calls.measure(tx, w.batch),
    "release": lambda tx, w: calls.release(tx, w.batch),
    "refuse lines": lambda tx, w: refused_lines.refuse(tx, w.batch, {1: "test"}, of=1),
    "untold runs": lambda tx, w: delays.untold_runs(tx, w.batch, "openai", "refused", most=100),
    "tell of a delay": lambda tx, w: delays.tell(tx, w.run, "openai", "refused", "test"),
    "drop unawaited": lambda tx, w: unawaited_calls.drop_of_batch(tx, w.batch),
    "drop all": lambda tx, w: unawaited_calls.drop_batch(tx, w.batch),
    "whether it is awaited": lambda tx, w: unawaited_calls.is_awaited(tx, w.batch),
}
