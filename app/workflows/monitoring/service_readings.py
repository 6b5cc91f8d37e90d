"""How the service as a whole stands, for who scrapes it: asked when somebody does, and kept for a
moment, so that however many scrape cost no more than one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.faults import Fault
from app.engine import Engine
from app.metrics import catalog
from app.metrics.catalog import Metric
from app.metrics.instruments import UNKNOWN, Labels, Reading
from app.store.database import reading
from app.store.monitoring import service_state
from app.store.monitoring.service_state import MOST, StateNumber
from app.store.statuses import ENDED, RunStatus
from app.workflows.keys import Layer, flow_key
from app.workflows.monitoring.flow_limits import FlowLimitService, FlowState

FRESH = 5.0
"""Seconds for which an answer is good."""
WITHIN = 5.0
"""Seconds in which each of the two that are asked must answer."""

_UNFINISHED = [status for status in RunStatus if status not in ENDED]
_BY_FAMILY = {
    "outstanding": catalog.OUTSTANDING,
    "suspended": catalog.SUSPENDED,
    "late": catalog.SCHEDULES_LATE,
    "delay": catalog.SCHEDULE_DELAY,
}
_BY_FAMILY_AND_MORE = {"runs": catalog.RUNS, "paused": catalog.RUNS_PAUSED}
_BY_PROVIDER = {"batches": catalog.BATCHES_DELAYED, "batch_delay": catalog.BATCH_DELAY}
_LONGEST = frozenset({catalog.SCHEDULE_DELAY, catalog.BATCH_DELAY})
"""Of several names that the code does not have, the longest counts, and not the sum."""
_OUTBOXES = {"notifications": catalog.OUTBOX, "notifications_age": catalog.OUTBOX_AGE}

log = structlog.get_logger("sluice.metrics")


@dataclass(slots=True)
class ServiceReadings:
    """
    Args:
        families, providers: the names of those that the code has; providers of batches.
    """

    database: AsyncEngine
    engine: Engine
    flow: FlowLimitService
    families: Sequence[str]
    providers: Sequence[str]
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _kept: list[Reading] = field(default_factory=list)
    _good_until: float = 0.0
    _faults: Mapping[str, Fault] = field(
        default_factory=lambda: {
            source: Fault(log, "metrics_not_read") for source in ("database", "flow")
        }
    )

    async def read(self) -> Sequence[Reading]:
        """What does not answer is left out, and said to be away."""
        async with self._asking:
            if time.monotonic() >= self._good_until:
                self._kept = await self._read()
                self._good_until = time.monotonic() + FRESH
            return self._kept

    def forget(self) -> None:
        """Ask anew, the next time."""
        self._good_until = 0.0

    async def _read(self) -> list[Reading]:
        found: list[Reading] = []
        up: dict[Labels, float] = {}
        for source, ask in (("database", self._of_database), ("flow", self._of_flow)):
            fault = self._faults[source]
            try:
                async with asyncio.timeout(WITHIN):
                    found += await ask()
            except Exception as error:  # noqa: BLE001 - the others are worth telling
                fault.seen(error, source=source)
                up[source,] = 0
            else:
                fault.over(source=source)
                up[source,] = 1
        return [Reading(catalog.READABLE, up), *found]

    async def _of_database(self) -> list[Reading]:
        layers = {flow_key(f, layer): (f, layer.value) for f in self.families for layer in Layer}
        async with reading(self.database) as connection:
            stands = await service_state.service_state(connection)
            backlogs = await self.engine.backlog(connection, list(layers), most=MOST)
            unsent = await self.engine.unsent(connection, most=MOST)
        values = self._zeros()
        for stand in stands:
            self._add(values, stand)
        queue, ages = values[catalog.QUEUE], values[catalog.QUEUE_AGE]
        for key, backlog in backlogs.items():
            depth, of = backlog.depth, layers[key]
            queue[*of, "due"] = depth.due
            queue[*of, "deferred"] = depth.deferred
            queue[*of, "in_hand"] = depth.in_hand
            ages[of] = backlog.oldest
        if unsent is not None:
            values[catalog.OUTBOX]["qstash",] = unsent.messages
            values[catalog.OUTBOX_AGE]["qstash",] = unsent.oldest
        return [Reading(metric, of) for metric, of in values.items()]

    def _zeros(self) -> dict[Metric, dict[Labels, float]]:
        """What has nothing to tell says 0: what is missing has no alert, and no line in a graph."""
        each: list[Labels] = [(family,) for family in self.families]
        return {
            catalog.WORKERS: {(): 0},
            catalog.RUNS: {(f, status): 0 for f in self.families for status in _UNFINISHED},
            catalog.RUNS_PAUSED: {},
            **{metric: dict.fromkeys(each, 0) for metric in _BY_FAMILY.values()},
            **{metric: {(name,): 0 for name in self.providers} for metric in _BY_PROVIDER.values()},
            catalog.QUEUE: {},
            catalog.QUEUE_AGE: {},
            catalog.OUTBOX: {},
            catalog.OUTBOX_AGE: {},
        }

    def _add(self, values: Mapping[Metric, dict[Labels, float]], stand: StateNumber) -> None:
        name, more = stand.of
        family = name if name in self.families else UNKNOWN
        if (metric := _BY_FAMILY_AND_MORE.get(stand.what)) is not None:
            of: Labels = (family, more)
        elif (metric := _BY_PROVIDER.get(stand.what)) is not None:
            of = (name if name in self.providers else UNKNOWN,)
        elif (metric := _BY_FAMILY.get(stand.what)) is not None:
            of = (family,)
        elif (metric := _OUTBOXES.get(stand.what)) is not None:
            of = ("notifications",)
        else:
            metric, of = catalog.WORKERS, ()
        former = values[metric].get(of, 0)
        longest = metric in _LONGEST
        values[metric][of] = max(former, stand.value) if longest else former + stand.value

    async def _of_flow(self) -> list[Reading]:
        """
        Raises:
            TimeoutError: Redis, or QStash where it holds the limits, does not answer.
        """
        states = await self.flow.states()
        if any(state.observed is None for state in states):
            raise TimeoutError("Whoever holds the limits does not answer.")
        limited = [state for state in states if _is_told(state)]
        return [
            Reading(catalog.FLOW_PARALLELISM, _by_key(limited, _parallelism)),
            Reading(catalog.FLOW_RATE, _by_key(limited, _rate)),
            Reading(catalog.FLOW_USE, _by_key(limited, _in_use)),
            Reading(catalog.FLOW_WAITING, _by_key(limited, _waiting)),
            Reading(catalog.FLOW_PAUSED, _by_key(states, lambda state: state.live.paused)),
            Reading(catalog.FLOW_HELD, _by_key(states, lambda state: bool(state.holds))),
        ]


def _is_told(state: FlowState) -> bool:
    """It has a limit, or is being counted still."""
    observed = state.observed
    return not state.live.control.open or bool(observed and (observed.active or observed.waiting))


def _by_key(
    states: Sequence[FlowState], value: Callable[[FlowState], float | None]
) -> dict[Labels, float]:
    found = ((state.live.key, value(state)) for state in states)
    return {(key,): float(number) for key, number in found if number is not None}


def _parallelism(state: FlowState) -> float | None:
    return state.live.control.parallelism


def _rate(state: FlowState) -> float | None:
    rate, period = state.live.control.rate, state.live.control.period
    return None if rate is None else rate / period.total_seconds()


def _in_use(state: FlowState) -> float | None:
    return None if state.observed is None else state.observed.active


def _waiting(state: FlowState) -> float | None:
    return None if state.observed is None else state.observed.waiting
