"""Items, and what their run, its partitions and its family's memory know of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.store.items import (
    claims,
    items,
    outcomes,
    pages,
    parked_items,
    partitioned_pages,
    result_memory,
)
from app.store.items.claims import ClaimRequest
from app.store.items.result_memory import RememberedPlace, ResultMemory
from app.store.runs import counters
from app.store.runs.counters import CounterDelta
from app.store.statuses import ItemStatus
from tests.store.plans.asked.wanted import DAY, RUN, Asked, Wanted, raw
from tests.store.test_claims import outcome

TOKEN = (9, 1)
"""Of a delivery that has nothing yet."""
PLACE = RememberedPlace(1, "", 1)
NOBODY: Any = None  # no pool is asked: each call has its transaction
MEMORY = ResultMemory(1, 1, None, NOBODY)
PAGE: Any = {
    "cursor": None,
    "next_cursor": "x",
    "last": False,
    "look_ahead": 10_000,
}  # of each type


def fresh(wanted: Wanted) -> list[str]:
    """Ids that no item has, and those of some that are there."""
    return [*wanted.pending, *(f"new{n}" for n in wanted.numbers)]


def partitioned(wanted: Wanted) -> dict[str, str]:
    return {f"new{n}": name for n, name in zip(wanted.numbers, wanted.partitions, strict=True)}


BY_KEY: Mapping[str, Asked] = {
    "take": lambda tx, w: claims.take(tx, [ClaimRequest(RUN, w.pending, TOKEN)]),
    "take, and see the partition": lambda tx, w: claims.take(
        tx, [ClaimRequest(RUN, w.pending, TOKEN, partitioned=True)]
    ),
    "unclaimed": lambda tx, w: claims.unclaimed(tx, RUN, w.pending),
    "take over": lambda tx, w: claims.take_from(tx, RUN, w.pending, TOKEN, w.in_hand),
    "release": lambda tx, w: claims.release(tx, w.claims),
    "held": lambda tx, w: claims.held(tx, w.claims),
    "mark as lost": lambda tx, w: claims.mark(tx, w.claims),
    "with steps": lambda tx, w: items.with_steps(tx, RUN, w.pending),
    "pending among": lambda tx, w: items.pending_among(tx, RUN, w.pending),
    "cancel": lambda tx, w: items.cancel(tx, RUN, w.pending),
    "successes": lambda tx, w: outcomes.record(
        tx, [outcome(claim, ItemStatus.SUCCEEDED) for claim in w.claims]
    ),
    "successes, named": lambda tx, w: outcomes.record(
        tx, [outcome(claim, ItemStatus.SUCCEEDED) for claim in w.claims], named=[RUN]
    ),
    "outcomes": lambda tx, w: outcomes.record(
        tx, [outcome(claim, ItemStatus.FAILED) for claim in w.claims]
    ),
    "page": lambda tx, w: pages.advance(tx, RUN, item_ids=fresh(w), **PAGE),
    "items beside the pages": lambda tx, w: pages.add_items(tx, RUN, fresh(w)),
    "page of partitions": lambda tx, w: partitioned_pages.advance(
        tx, RUN, partitioned(w), lambda _: 1, item_ids=list(partitioned(w)), **PAGE
    ),
    "let parked items go": lambda tx, w: parked_items.release(tx, RUN, w.partitions, lambda _: 2),
    "count what leaves partitions": lambda tx, w: counters.count(
        tx, RUN, CounterDelta({}), look_ahead=1, leaves=dict.fromkeys(w.partitions, 1)
    ),
    "remembered": lambda tx, w: raw(tx, result_memory._LOOK_UP, 1, w.pending, "", 1, None),
    "remembered lately": lambda tx, w: raw(tx, result_memory._LOOK_UP, 1, w.pending, "", 1, DAY),
    "remember": lambda tx, w: result_memory.remember(tx, dict.fromkeys(w.suspended, PLACE)),
    "forget": lambda tx, w: result_memory.forget(tx, MEMORY, w.pending),
}
OF_ONE: Mapping[str, Asked] = {
    "item": lambda tx, w: items.get(tx, *w.suspended[0]),
    "whether any is parked": lambda tx, w: parked_items.any_parked(tx, RUN),
}
