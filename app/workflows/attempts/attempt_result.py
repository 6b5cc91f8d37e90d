"""What an attempt at an item has found out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.metrics.meter import NOT_CALLED
from app.store.statuses import ItemStatus
from app.workflows.contract.context import Cost
from app.workflows.steps.preview import PreviewStop
from app.workflows.steps.suspension import PendingWait


def unix_us() -> int:
    """Whole microseconds since 1970, which is as exact as Postgres keeps moments."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class History:
    """What earlier deliveries of the item left behind. ``result`` is JSON; ``exact`` as in
    ``app.workflows.serialization.results``."""

    attempts: int = 0
    postponements: int = 0
    executed: bool = False
    result: str | None = None
    exact: str | None = None

    @property
    def value(self) -> Any:  # whatever the JSON holds
        return None if self.result is None else json.loads(self.result)


NOTHING = Cost()


@dataclass(slots=True)
class AttemptResult:
    """How an attempt ended. With ``PENDING`` or ``SUSPENDED`` the item comes again after ``delay``.

    Made for every item: neither this nor ``History`` is frozen, which would double what it costs.
    """

    status: ItemStatus
    history: History
    started_us: int
    """Unix microseconds, as ``finished_us``."""
    finished_us: int
    work_ms: int
    delay: timedelta | None = timedelta(0)
    error_class: str | None = None
    error_message: str | None = None
    error_traceback: str | None = None
    error_group: str | None = None
    spent: Cost = NOTHING
    systemic: bool = False
    """The run must pause: every other item would fail as well."""
    hold: timedelta | None = None
    """For so long nothing shall start under the flow key."""
    stop: PreviewStop | None = None
    """Where a preview stopped."""
    begun: float = 0.0
    """By ``time.perf_counter``."""
    execute_seconds: float = NOT_CALLED
    save_seconds: float = NOT_CALLED
    waits: Sequence[PendingWait] = ()
    """What a suspended item waits for. Its ``delay`` is how long at the most; None: it has to be
    told."""
