"""Flow control by QStash: operators' overrides go on to it, and its own numbers are shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta

import structlog
from qstash.flow_control_api import FlowControlInfo, PinFlowControlOptions

from app.config.run_bounds import LONGEST_PERIOD
from app.connections.faults import Fault
from app.engine.qstash.faults import QStashFault
from app.engine.qstash.flow_control import QStashFlowControl, nothing_of
from app.engine.qstash.target import MOST_AT_ONCE, MOST_STARTS, TargetOf
from app.errors import BadInput, Unavailable
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits, LiveControl
from app.flow.usage import HeldLimits, Observed

FRESH = 1.0
"""Seconds for which an answer of QStash is shown to all who ask."""

log = structlog.get_logger("sluice.flow")


class QStashFlow:
    """``FlowUsage`` of the engine on QStash. QStash's keys are called as ours are.

    Whoever tells QStash of a key reads the override once more afterwards: of two changes at once
    the one that was made last holds, whichever reaches QStash first.
    """

    def __init__(
        self, control: QStashFlowControl, controls: EffectiveLimits, target_of: TargetOf
    ) -> None:
        self._control = control
        self._controls = controls
        self._target_of = target_of
        self._fault = Fault(log, "qstash_unreachable")
        self._asking = asyncio.Lock()
        self._answer: dict[str, FlowControlInfo] = {}
        self._fresh_until = 0.0

    async def observe(self, key: str, control: FlowControl) -> Observed | None:
        found = await self.observe_all({key: control})
        return None if found is None else found[key]

    async def observe_all(self, of: Mapping[str, FlowControl]) -> Mapping[str, Observed] | None:
        try:
            found = await self._keys()
        except QStashFault as error:
            self._fault.seen(error)
            return None
        self._fault.over()
        return {key: _observed(found.get(key) or nothing_of(key)) for key in of}

    def check(self, control: FlowControl) -> None:
        if control.interval is not None and control.interval > LONGEST_PERIOD:
            raise BadInput(
                f"QStash cannot hold back for more than a week from one start to the next"
                f" ({control}). Give it a higher rate, or pause the key.",
                field="rate",
            )

    async def tell_changed(self, key: str) -> None:
        try:
            now = await self._control.key(key)
            await self._controls.refresh()
            await self._hold(now)
        except QStashFault as fault:
            raise Unavailable(
                f"The override of {key} is as you set it here, and QStash has not taken it yet."
                f" {fault.detail} It is told again each minute."
            ) from fault
        finally:
            self._fresh_until = 0.0

    async def reconcile(self) -> int:
        """Tell QStash of every override that it does not have, and take back what is none. Returns
        how many keys were otherwise.

        Raises:
            QStashFault
        """
        found = await self._control.keys()
        await self._controls.refresh()
        await self._complete(found)
        changed = 0
        for key in self._controls.keys:
            changed += await self._hold(found.get(key) or nothing_of(key))
        if changed:
            self._fresh_until = 0.0
            log.warning("flow_control_repaired", keys=changed)
        return changed

    async def _hold(self, now: FlowControlInfo) -> bool:
        """Returns whether it was otherwise."""
        changed = False
        while True:
            wanted = self._controls.live(now.key)
            limits = self._limits(wanted)
            if limits is None or not await self._control.hold(
                now, limits, pinned=wanted.pinned, paused=wanted.paused
            ):
                return changed
            changed = True
            await self._controls.refresh()
            if self._controls.live(now.key) == wanted:
                return changed
            now = await self._control.key(now.key)

    def _limits(self, live: LiveControl) -> PinFlowControlOptions | None:
        """The limits as QStash's pin; None: no family here has the key."""
        told = [self._target_of(key) for key in self._controls.flow_keys(live.key)]
        return next((target.pin for target in told if target is not None), None)

    async def _keys(self) -> dict[str, FlowControlInfo]:
        async with self._asking:
            if time.monotonic() >= self._fresh_until:
                self._answer = await self._control.keys()
                await self._complete(self._answer)
                self._fresh_until = time.monotonic() + FRESH
            return self._answer

    async def _complete(self, found: dict[str, FlowControlInfo]) -> None:
        """Ask for each key with an override that the list leaves out: it is not promised that a key
        is listed of which no message waits, and to pin it once more would reset its rate."""
        for key in self._controls.keys:
            live = self._controls.live(key)
            if key not in found and (live.pinned or live.paused):
                found[key] = await self._control.key(key)


def _observed(info: FlowControlInfo) -> Observed:
    limited = 0 < info.parallelism_max < MOST_AT_ONCE
    paced = 0 < info.rate_max < MOST_STARTS
    control = FlowControl(
        parallelism=info.parallelism_max if limited else None,
        rate=info.rate_max if paced else None,
        period=timedelta(seconds=info.rate_period if paced else 1),
    )
    return Observed(
        active=info.parallelism_count,
        waiting=info.wait_list_size,
        started=info.rate_count,
        held=HeldLimits(control, info.is_pinned_parallelism or info.is_pinned_rate, info.is_paused),
    )
