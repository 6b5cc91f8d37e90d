"""What a process counts of its own work, of each family that the code has."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from typing import cast

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from app.metrics import catalog
from app.metrics.catalog import Metric
from app.metrics.instruments import CounterValues, Histogram, Labels, Reading
from app.store.statuses import ENDED, OUTCOMES, FireResult, ItemStatus

LAYERS = ("process", "paginate", "execute")
OF_RUNS = LAYERS[:2]
"""Those whose work is for a run as a whole."""
TOGETHER = 512
"""Attempts that are kept until they are counted together."""
COLUMNS = 4
"""The run of an attempt, and the seconds that it was late, that execute took, and that save took.
One after the other in one list: a tuple for each attempt would be one more for the collector."""
MOST_TRACES = 1_000
"""Runs of which the trace is kept."""
NOT_CALLED = -1.0
"""In the place of the seconds of a method that was not called."""


class WorkMeter:
    """Told by the layers, on the event loop alone."""

    def __init__(self, families: Sequence[str]) -> None:
        self.families = tuple(families)
        each = [(family,) for family in families]
        layers = list(product(families, LAYERS))
        self._items = CounterValues(catalog.ITEMS, product(families, OUTCOMES))
        self._retries = CounterValues(catalog.RETRIES, each)
        self._suspensions = CounterValues(catalog.SUSPENSIONS, each)
        self._refused = CounterValues(catalog.REFUSED, [()])
        self._claims = CounterValues(catalog.CLAIMS, each)
        self._takeovers = CounterValues(catalog.TAKEOVERS, each)
        self._layer_failures = CounterValues(catalog.LAYER_FAILURES, layers)
        self._runs_ended = CounterValues(catalog.RUNS_ENDED, product(families, sorted(ENDED)))
        self._repairs = CounterValues(catalog.REPAIRS, each)
        self._fires = CounterValues(catalog.FIRES, product(families, FireResult))
        self._delays = _histograms(catalog.START_DELAY, each)
        self._executes = _histograms(catalog.EXECUTE_SECONDS, each)
        self._saves = _histograms(catalog.SAVE_SECONDS, each)
        self._waits = _histograms(catalog.MESSAGE_WAIT, layers)
        self._layers = _histograms(catalog.LAYER_SECONDS, list(product(families, OF_RUNS)))
        self._traces: dict[str, str] = {}
        self._attempts: Mapping[str, list[str | float]] = {family: [] for family in families}
        self.loop_lag = Histogram(catalog.LOOP_LAG.bounds)

    def attempted(self, family: str, run: str, late: float, execute: float, save: float) -> None:
        """
        Args:
            late: seconds from when the item was due to when the attempt began.
            execute, save: seconds; ``NOT_CALLED``: it was not.
        """
        kept = self._attempts[family]
        kept += (run, late, execute, save)
        if len(kept) >= TOGETHER * COLUMNS:
            self._count_attempts(family)

    def traced(self, run: str, trace: str) -> None:
        """What of the run is measured is named with its trace."""
        if run not in self._traces:
            while len(self._traces) >= MOST_TRACES:
                del self._traces[next(iter(self._traces))]
            self._traces[run] = trace

    @contextmanager
    def layer(self, family: str, layer: str, run: str, trace: str | None) -> Iterator[None]:
        """Around what one of ``OF_RUNS`` does for the run, when it has its turn.

        Args:
            trace: its id; None: the run is not traced.
        """
        if trace is not None:
            self.traced(run, trace)
        began = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - began
            self._layers[family, layer].observe_all([took], [run], self._traces)

    def waits(self, family: str, layer: str) -> Callable[[float], None]:
        """What is told of each message of the layer for how many seconds it was due."""
        return self._waits[family, layer].observe

    def ended(self, family: str, outcomes: Mapping[str, int]) -> None:
        """Count a commit's items by outcome."""
        for outcome, number in outcomes.items():
            self._items.add(family, outcome, by=number)

    def put_off(self, family: str, status: ItemStatus, *, failed: bool) -> None:
        """An item comes again, in a commit that is over."""
        if status is ItemStatus.SUSPENDED:
            self._suspensions.add(family)
        elif failed:
            self._retries.add(family)

    def refused(self, number: int) -> None:
        self._refused.add(by=number)

    def claimed(self, family: str, number: int, taken_over: int) -> None:
        self._claims.add(family, by=number)
        if taken_over:
            self._takeovers.add(family, by=taken_over)

    def layer_failed(self, family: str, layer: str) -> None:
        self._layer_failures.add(family, layer)

    def run_ended(self, tx: AsyncConnection, family: str, status: str) -> None:
        """Counted when this transaction commits."""
        self._on_commit(tx, lambda: self._runs_ended.add(family, status))

    def fired(self, tx: AsyncConnection, family: str, result: str) -> None:
        """Counted when this transaction commits."""
        self._on_commit(tx, lambda: self._fires.add(family, result))

    def repaired(self, family: str) -> None:
        self._repairs.add(family)

    def readings(self) -> Iterator[Reading]:
        for family in self._attempts:
            self._count_attempts(family)
        counters = (
            self._items, self._retries, self._suspensions, self._refused, self._claims,
            self._takeovers, self._layer_failures, self._runs_ended, self._repairs, self._fires,
        )  # fmt: skip
        for counter in counters:
            yield Reading(counter.metric, counter.values)
        yield Reading(catalog.START_DELAY, self._delays)
        yield Reading(catalog.EXECUTE_SECONDS, self._executes)
        yield Reading(catalog.SAVE_SECONDS, self._saves)
        yield Reading(catalog.MESSAGE_WAIT, self._waits)
        yield Reading(catalog.LAYER_SECONDS, self._layers)
        yield Reading(catalog.LOOP_LAG, {(): self.loop_lag})

    def _count_attempts(self, family: str) -> None:
        kept = self._attempts[family]
        if not kept:
            return
        runs = cast("list[str]", kept[::COLUMNS])
        delays, executes, saves = (
            cast("list[float]", kept[column::COLUMNS]) for column in range(1, COLUMNS)
        )
        kept.clear()
        self._delays[family,].observe_all(delays, runs, self._traces)
        self._executes[family,].observe_all(executes, runs, self._traces)
        self._saves[family,].observe_all(saves, runs, self._traces)

    def _on_commit(self, tx: AsyncConnection, count: Callable[[], None]) -> None:
        event.listen(tx.sync_connection, "commit", lambda _connection: count(), once=True)


def _histograms(metric: Metric, known: Sequence[Labels]) -> dict[Labels, Histogram]:
    return {labels: Histogram(metric.bounds) for labels in known}
