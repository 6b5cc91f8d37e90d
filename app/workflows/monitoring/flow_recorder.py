"""Writes down every few seconds what the flow keys are doing, for whoever looks."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import structlog

from app.connections.faults import Fault
from app.flow.history import FlowHistory, FlowPoint
from app.workflows.monitoring.flow_limits import FlowLimitService, FlowState

EVERY = 5.0
"""Seconds."""

log = structlog.get_logger("sluice.flow")


@dataclass(frozen=True, slots=True)
class FlowRecorder:
    """For the one worker that watches."""

    flow: FlowLimitService
    history: FlowHistory
    every: float = EVERY

    async def run(self) -> None:
        """Until cancelled."""
        fault = Fault(log, "flow_not_recorded")
        while True:
            try:
                await self.record()
                fault.over()
            except Exception as error:  # noqa: BLE001 - the next point may be written
                fault.seen(error)
            await asyncio.sleep(self.every)

    async def record(self) -> None:
        """A point of each key that has a limit, or had one when it last did something."""
        points = {state.live.key: _point(state) for state in await self.flow.states()}
        await self.history.add({key: point for key, point in points.items() if point is not None})


def _point(state: FlowState) -> FlowPoint | None:
    observed, control = state.observed, state.live.control
    if observed is None or (control.open and not (observed.active or observed.started)):
        return None
    return FlowPoint(
        at=round(time.time(), 3),
        in_use=observed.active,
        starts=observed.started,
        waiting=observed.waiting,
        parallelism=control.parallelism,
        rate=control.rate,
    )
