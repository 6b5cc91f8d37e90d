"""Looking at flow control, and changing it while work is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Engine
from app.errors import NotFound
from app.flow.holds import Hold
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits, LiveControl, Override
from app.flow.usage import FlowUsage, Observed
from app.store.monitoring import audit, flow_overrides, holds
from app.store.monitoring.audit_actions import AuditAction, AuditSubject
from app.store.monitoring.flow_overrides import PartitionPin
from app.store.tables.base import Json
from app.store.tables.service import FlowOverride

Change = Callable[[AsyncConnection], Coroutine[Any, Any, None]]  # what a coroutine sends is its own


@dataclass(frozen=True, slots=True)
class FlowState:
    """``observed``: None while Redis, or QStash, does not answer. ``holds``: of families, or flow
    keys, that are counted under it."""

    live: LiveControl
    observed: Observed | None
    holds: Sequence[Hold] = ()

    @property
    def share(self) -> float | None:
        """Of the narrower limit that is in use, 1 at the most. None: no limit, or not known."""
        control, observed = self.live.control, self.observed
        if observed is None or control.open:
            return None
        slots = 0.0 if control.parallelism is None else observed.active / control.parallelism
        starts = 0.0 if control.rate is None else observed.started / max(control.rate, 1.0)
        return round(min(max(slots, starts), 1.0), 3)


class FlowLimitService:
    """Rows are what operators want; ``usage`` is told of each change of theirs.

    Args:
        wake: every process, to read what is held.
    """

    def __init__(
        self,
        database: AsyncEngine,
        controls: EffectiveLimits,
        usage: FlowUsage,
        engine: Engine,
        wake: Callable[[str], Awaitable[None]],
    ) -> None:
        self._database = database
        self._controls = controls
        self._usage = usage
        self._engine = engine
        self._wake = wake

    async def states(self) -> list[FlowState]:
        await self._controls.refresh()
        live = {key: self._controls.live(key) for key in self._controls.keys}
        observed = await self._usage.observe_all({key: one.control for key, one in live.items()})
        return [
            FlowState(one, (observed or {}).get(key), self._controls.held(key))
            for key, one in live.items()
        ]

    async def state(self, key: str) -> FlowState:
        """
        Raises:
            NotFound: no family has this flow key.
        """
        self._known(key)
        await self._controls.refresh()
        return await self._state(key)

    def flow_keys(self, key: str) -> list[str]:
        """The layers' own keys that are counted under this one."""
        self._known(key)
        return self._controls.flow_keys(key)

    async def state_of(self, flow_key: str) -> FlowState:
        """By a layer's own key, which others may share; with the overrides as they were read last.

        Raises:
            KeyError: no family has this flow key.
        """
        return await self._state(self._controls.of(flow_key).key)

    async def pin(
        self, key: str, control: FlowControl, *, by: str, note: str | None = None
    ) -> FlowState:
        """
        Raises:
            BadInput: whoever holds the limits cannot hold these.
            NotFound: no family has this flow key.
            Unavailable: it is in force once whoever holds them answers.
        """
        self._usage.check(control)

        async def change(tx: AsyncConnection) -> None:
            await flow_overrides.pin(
                tx,
                key,
                parallelism=control.parallelism,
                rate=control.rate,
                period_ms=control.period // timedelta(milliseconds=1),
                by=by,
            )

        return await self._change(key, AuditAction.FLOW_PINNED, change, by=by, note=note)

    async def reset(self, key: str, *, by: str, note: str | None = None) -> FlowState:
        """Return to the code's value."""

        async def change(tx: AsyncConnection) -> None:
            await flow_overrides.unpin(tx, key, by=by)

        return await self._change(key, AuditAction.FLOW_RESET, change, by=by, note=note)

    async def pause(self, key: str, *, paused: bool, by: str, note: str | None = None) -> FlowState:
        async def change(tx: AsyncConnection) -> None:
            await flow_overrides.set_paused(tx, key, paused=paused, by=by)

        action = AuditAction.FLOW_PAUSED if paused else AuditAction.FLOW_RESUMED
        return await self._change(key, action, change, by=by, note=note)

    async def lift(self, key: str, *, by: str, note: str | None = None) -> FlowState:
        """Let go on what is held because who is called has said when to come again. A throttle
        decides by itself.

        Raises:
            NotFound: no family has this flow key.
        """
        self._known(key)
        async with self._database.begin() as tx:
            ended = await holds.end_told(tx, key)
            if ended is not None:
                reason, until = ended
                await self._engine.hurry(tx, self._controls.flow_keys(key), until)
                await audit.record(
                    tx, AuditAction.FLOW_LIFTED, AuditSubject.FLOW_KEY, key, who=by,
                    before={"reason": reason, "until": until.isoformat()}, note=note,
                )  # fmt: skip
        await self._wake(key)
        return await self.state(key)

    async def reconcile(self) -> None:
        """Have the operators' overrides in force wherever the limits are held.

        Raises:
            Unavailable: whoever holds them does not answer.
        """
        await self._usage.reconcile()

    async def _change(
        self, key: str, action: AuditAction, change: Change, *, by: str, note: str | None
    ) -> FlowState:
        """What is as it was already is not recorded."""
        self._known(key)
        async with self._database.begin() as tx:
            await flow_overrides.lock(tx)
            before = self._limits(key, await flow_overrides.find(tx, key))
            await change(tx)
            after = self._limits(key, await flow_overrides.find(tx, key))
            if after != before:
                subject = AuditSubject.FLOW_KEY
                await audit.record(
                    tx, action, subject, key, who=by, before=before, after=after, note=note
                )
        await self._usage.tell_changed(key)
        return await self.state(key)

    async def _state(self, key: str) -> FlowState:
        live = self._controls.live(key)
        observed = await self._usage.observe(key, live.control)
        return FlowState(live, observed, self._controls.held(key))

    def _limits(self, key: str, row: FlowOverride | None) -> Json:
        """What is in force with this override, in the words of the API."""
        control = self._controls.default(key) or FlowControl()
        override = None if row is None else override_of(row)
        if override is not None and override.control is not None:
            control = override.control
        return {
            "parallelism": control.parallelism,
            "rate": control.rate,
            "periodSeconds": control.period.total_seconds(),
            "source": "pinned" if row is not None and row.pinned else "code",
            "paused": row is not None and row.paused,
        }

    def _known(self, key: str) -> None:
        if self._controls.default(key) is None:
            raise NotFound(
                f"There is no flow key {key!r}. GET /api/flow-control lists them.", field="key"
            )


def pinned_control(pin: PartitionPin) -> FlowControl:
    period = timedelta(milliseconds=pin.period_ms)
    return FlowControl(parallelism=pin.parallelism, rate=pin.rate, period=period)


def override_of(row: FlowOverride) -> Override:
    if not row.pinned:
        return Override(None, row.paused)
    period = timedelta(milliseconds=row.period_ms or 1000)
    control = FlowControl(parallelism=row.parallelism, rate=row.rate, period=period)
    return Override(control, row.paused)
