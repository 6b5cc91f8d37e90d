"""How a delivery of an item ends: what its attempt found out, or what is said in its stead."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from datetime import timedelta

from app.engine import Delivery
from app.store.items.outcomes import ItemOutcome
from app.store.items.result_memory import RememberedPlace, ResultMemory
from app.store.statuses import ItemStatus
from app.workflows.attempts.attempt_result import AttemptResult, History, unix_us
from app.workflows.attempts.delivery_result import DeliveryResult
from app.workflows.contract.cron import Overlap
from app.workflows.layers.item_claims import ClaimedItem
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.cache import CachedRun

BUSY = timedelta(seconds=1)
"""After about so long an item is tried again that another run has in hand."""


def result(
    bound: BoundFamily, view: CachedRun, item: ClaimedItem, verdict: AttemptResult
) -> DeliveryResult:
    again = verdict.status in (ItemStatus.PENDING, ItemStatus.SUSPENDED)
    history, (claim, number) = verdict.history, item.claim.token
    record = ItemOutcome(
        item.claim.run_id,
        item.claim.item_id,
        claim,
        number,
        verdict.status,
        history.attempts,
        history.postponements,
        history.executed,
        history.result,
        history.exact,
        verdict.error_class,
        verdict.error_message,
        verdict.error_traceback,
        verdict.error_group,
        verdict.spent.usd,
        verdict.spent.tokens,
        verdict.started_us,
        None if again else verdict.finished_us,
        verdict.work_ms,
        verdict.delay if again else None,
    )
    memory = None
    if bound.memory is not None and verdict.status is ItemStatus.SUCCEEDED:
        memory = _place(bound.memory, view, item)
    leaves = item.partition or "" if item.first else ""
    return DeliveryResult(
        bound.name,
        record,
        verdict.systemic,
        verdict.waits,
        memory,
        leaves,
        view.priority,
        view.parent,
    )


def _place(memory: ResultMemory, view: CachedRun, item: ClaimedItem) -> RememberedPlace | None:
    if view.run.entity is not None or view.run.finish_of is not None:
        return None  # it is none of the family's items
    version = memory.version
    if item.history.executed or item.steps:
        # What an earlier delivery has left behind may be of another version of the code.
        version = min(version, view.run.version)
    return RememberedPlace(memory.id, view.params_key, version)


def lock_of(bound: BoundFamily, view: CachedRun, item_id: str) -> str | None:
    """The name of the lock under which only one delivery may be at work; None: runs of the family
    never overlap."""
    if view.finish_of is not None:
        return None
    if bound.family.partitions is not None:
        # The same item of another partition is other work.
        params = json.dumps(view.run.params, sort_keys=True).encode()
        return f"{hashlib.sha256(params).hexdigest()[:16]}:{item_id}"
    return item_id if bound.family.overlap is Overlap.ALLOW else None


def unattempted(history: History, status: ItemStatus) -> AttemptResult:
    now = unix_us()
    return AttemptResult(status, history, now, now, 0)


def put_off(history: History) -> AttemptResult:
    """Another run has the item in hand."""
    later = replace(history, postponements=history.postponements + 1)
    delay = BUSY * (0.5 + random.random())  # noqa: S311 - jitter
    return replace(unattempted(later, ItemStatus.PENDING), delay=delay)


def lost(delivery: Delivery, item: ClaimedItem) -> AttemptResult:
    message = (
        f"Its worker ended {item.lost} times while the item was at work, and once before that"
        f" with the item in its hands, at work or not ({delivery.attempt - 1} deliveries). Look for"
        " what ends the process: memory, a native crash, os._exit()."
    )
    return replace(
        unattempted(item.history, ItemStatus.FAILED),
        error_class="WorkerLost",
        error_message=message,
        error_group="Its worker ended while the item was at work.",
    )
