"""Writes down every few seconds what the flow keys are doing, for whoever looks."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import structlog

from app.flow.history import FlowHistory, FlowPoint
from app.flow.script import UNREACHABLE
from app.workflows.flow_admin import FlowAdmin, FlowState

EVERY = 5.0
"""Seconds."""

log = structlog.get_logger("sluice.flow")


@dataclass(frozen=True, slots=True)
class FlowRecorder:
    """For the one worker that watches."""

    flow: FlowAdmin
    history: FlowHistory
    every: float = EVERY

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.record()
            except UNREACHABLE as error:
                log.warning("flow_not_recorded", error=type(error).__name__)
            except Exception as error:
                log.warning("flow_not_recorded", error=type(error).__name__, exc_info=error)
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
