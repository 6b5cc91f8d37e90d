"""Every metric that there is. docs/reference/metrics.md is written from here.

Labels are of code alone: families, layers, flow keys, statuses, pools. No item, no run and nothing
that a caller sends is one, so that their number is bounded by what was deployed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """
    Args:
        bounds: the upper ones of a histogram's buckets, in seconds.
        shared: it tells of all processes together, and each API serves the same; else of one
            process, which alone serves it.
    """

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    shared: bool = False


SECONDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
)  # fmt: skip
DELAYS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0)
LAGS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, text, labels)


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, text, labels)


def _seconds(name: str, text: str, *labels: str, bounds: tuple[float, ...] = SECONDS) -> Metric:
    return Metric(name, Kind.HISTOGRAM, text, labels, bounds)


def _shared(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, text, labels, shared=True)


BUILD = _gauge("sluice_build_info", "Always 1: the version and the engine.", "version", "engine")

ITEMS = _counter(
    "sluice_items_total",
    "Items that have ended, counted in the commit of their outcome.",
    "family",
    "outcome",
)
RETRIES = _counter(
    "sluice_item_retries_total", "Attempts that failed, and whose item comes again.", "family"
)
SUSPENSIONS = _counter(
    "sluice_item_suspensions_total",
    "Times that an item began to wait for time, a person, an event, another item or a"
    " provider's batch.",
    "family",
)
REFUSED = _counter(
    "sluice_outcomes_refused_total",
    "Outcomes that were not written, because the item was in another delivery's hands by then.",
)
START_DELAY = _seconds(
    "sluice_item_start_delay_seconds",
    "From when an item was due to when its attempt began: in the queue, and at the gate.",
    "family",
    bounds=DELAYS,
)
EXECUTE_SECONDS = _seconds(
    "sluice_item_execute_seconds", "Of one call of execute, whether or not it failed.", "family"
)
SAVE_SECONDS = _seconds(
    "sluice_item_save_seconds", "Of one call of save, whether or not it failed.", "family"
)
CLAIMS = _counter("sluice_item_claims_total", "Items that were taken in hand.", "family")
TAKEOVERS = _counter(
    "sluice_item_takeovers_total",
    "Those of them that another delivery had in hand which was over: a worker died or hung.",
    "family",
)
MESSAGE_WAIT = _seconds(
    "sluice_message_wait_seconds",
    "From when a message was due to when a process took it in hand.",
    "family",
    "layer",
    bounds=DELAYS,
)
LAYER_SECONDS = _seconds(
    "sluice_layer_seconds",
    "Of one run that process counted, or of the pages that paginate read and scheduled together,"
    " whether or not it failed; without the wait at the gate.",
    "family",
    "layer",
)
LAYER_FAILURES = _counter(
    "sluice_layer_failures_total",
    "Deliveries that a layer itself failed at, and no item's own code.",
    "family",
    "layer",
)
RUNS_ENDED = _counter("sluice_runs_ended_total", "Runs that have ended here.", "family", "status")
REPAIRS = _counter(
    "sluice_run_repairs_total",
    "Runs that could not go on, and to which the reconciler gave what they lacked.",
    "family",
)
FIRES = _counter(
    "sluice_schedule_fires_total", "Fire times of schedules, and what came of them.", "family",
    "result",
)  # fmt: skip
LOOP_LAG = _seconds(
    "sluice_event_loop_lag_seconds",
    "How late the event loop was, looked at twice a second.",
    bounds=LAGS,
)
POOL_LIMIT = _gauge(
    "sluice_pool_connection_limit", "Connections to Postgres that a pool may open.", "pool"
)
POOL_USE = _gauge("sluice_pool_connections_in_use", "Those of them that somebody has.", "pool")
POOL_WAITING = _gauge("sluice_pool_waiting", "Calls that wait for one of them.", "pool")
IN_HAND = _gauge("sluice_worker_items_in_hand", "Items in the worker's hands.")
THREAD_LIMIT = _gauge("sluice_worker_threads", "Threads for methods that are plain def.")
THREADS_BUSY = _gauge("sluice_worker_threads_busy", "Those of them that are at work.")
THREADS_LEFT = _gauge(
    "sluice_worker_threads_left_behind",
    "Those of them whose item has timed out, and whose code goes on.",
)
THREAD_WAITING = _gauge("sluice_worker_threads_waiting", "Calls that wait for a thread.")

READABLE = _shared(
    "sluice_source_up",
    "Whether what the metrics below are read from answered: 1, or 0 and they are missing.",
    "source",
)
WORKERS = _shared("sluice_workers", "Workers that have shown life in the last 15 seconds.")
RUNS = _shared("sluice_runs", "Runs that have not ended.", "family", "status")
RUNS_PAUSED = _shared("sluice_runs_paused", "Those of them that are paused.", "family", "reason")
OUTSTANDING = _shared(
    "sluice_items_outstanding",
    "Items of runs that have not ended, which wait for a worker or are at work.",
    "family",
)
SUSPENDED = _shared(
    "sluice_items_suspended",
    "Items that wait for time, a person, an event, another item or a provider's batch, in runs that"
    " have not ended.",
    "family",
)
QUEUE = _shared(
    "sluice_queue_items",
    "Items in messages, of at most 100,000 messages a flow key: due, to come later, or in hand.",
    "family",
    "layer",
    "state",
)
QUEUE_AGE = _shared(
    "sluice_queue_oldest_due_seconds",
    "Since when the message has been due that waits longest; 0: none waits that is due.",
    "family",
    "layer",
)
FLOW_PARALLELISM = _shared(
    "sluice_flow_parallelism_limit", "Starts under a flow key at once. Missing: no limit.", "key"
)
FLOW_RATE = _shared(
    "sluice_flow_rate_limit", "Starts under a flow key a second. Missing: no limit.", "key"
)
FLOW_USE = _shared("sluice_flow_in_use", "What is at work under a flow key with a limit.", "key")
FLOW_WAITING = _shared("sluice_flow_waiting", "What waits there for its turn.", "key")
FLOW_PAUSED = _shared("sluice_flow_paused", "Whether an operator has paused the key.", "key")
FLOW_HELD = _shared("sluice_flow_held", "Whether a throttle holds it, or a family of it.", "key")
SCHEDULES_LATE = _shared(
    "sluice_schedules_late", "Schedules that were due more than a minute ago.", "family"
)
SCHEDULE_DELAY = _shared(
    "sluice_schedule_delay_seconds",
    "Since when the schedule has been due that is latest; 0: none is.",
    "family",
)
BATCHES_DELAYED = _shared(
    "sluice_batches_delayed",
    "Batches of a provider for which three calls in a row, or more, have failed.",
    "provider",
)
BATCH_DELAY = _shared(
    "sluice_batch_delay_seconds",
    "Since when calls have failed for the one of them that has waited longest; 0: none is delayed.",
    "provider",
)
OUTBOX = _shared(
    "sluice_outbox_messages",
    "What is to be sent, 100,000 at the most: to QStash, or as notifications.",
    "outbox",
)
OUTBOX_AGE = _shared(
    "sluice_outbox_oldest_seconds", "Since when the oldest of it has waited; 0: none.", "outbox"
)

METRICS: Final = tuple(one for one in list(globals().values()) if isinstance(one, Metric))
"""In the order of the reference."""
