"""Partitions of a flow key: which are the fullest, and limits of one in place of those of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.errors import BadInput, NotFound
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits
from app.flow.partitions.partition_script import PartitionScript
from app.store.database import reading
from app.store.items import parked_items
from app.store.monitoring import audit, flow_overrides
from app.store.monitoring.audit_actions import AuditAction, AuditSubject
from app.store.monitoring.flow_overrides import PartitionPin
from app.store.tables.base import Json
from app.workflows.keys import parse_flow_key
from app.workflows.monitoring.flow_limits import pinned_control

LONGEST = 200
"""Characters of a partition."""
MOST = 100
"""Partitions that are shown."""


@dataclass(frozen=True, slots=True)
class PartitionState:
    """``active``: None: Redis does not answer. ``waiting``: items that may not begin yet, of runs
    that have not ended."""

    name: str
    control: FlowControl
    pinned: bool
    active: int | None
    waiting: int


class PartitionLimits:
    """
    Args:
        tell: wakes every process to read the overrides.
    """

    def __init__(
        self,
        database: AsyncEngine,
        controls: EffectiveLimits,
        script: PartitionScript,
        tell: Callable[[str], Awaitable[None]],
    ) -> None:
        self._database = database
        self._controls = controls
        self._script = script
        self._tell = tell

    async def fullest(self, key: str, limit: int, only: str | None = None) -> list[PartitionState]:
        """At most so many: those that are pinned, then those with the most waiting, or at work.

        Args:
            only: this one alone, whether or not anything of it is there.

        Raises:
            BadInput: partitions of the key have no limits.
            NotFound: no family has this flow key.
        """
        self._require(key)
        await self._controls.refresh()
        live = self._controls.live(key)
        async with reading(self._database) as connection:
            waiting = await parked_items.fullest(connection, self._families(key), limit, only)
        active = await self._active(key, only)
        names = {*live.partitions, *waiting, *(active or {})} if only is None else {only}
        states = [
            PartitionState(
                name,
                live.of_partition(name),
                name in live.partitions,
                None if active is None else active.get(name, 0),
                waiting.get(name, 0),
            )
            for name in names
        ]
        states.sort(key=lambda one: (not one.pinned, -one.waiting, -(one.active or 0), one.name))
        return states[:limit]

    async def parked(self, keys: Iterable[str]) -> dict[str, int]:
        """How many items wait apart for their partition's turn, by flow key: of those whose
        partitions have limits. No more than ``MOST_COUNTED`` of a family are counted."""
        families = {key: self._families(key) for key in keys if self._is_partitioned(key)}
        if not families:
            return {}
        every = sorted({name for names in families.values() for name in names})
        async with reading(self._database) as connection:
            found = await parked_items.number(connection, every)
        return {key: sum(found[name] for name in names) for key, names in families.items()}

    async def pin(
        self, key: str, name: str, control: FlowControl, *, by: str, note: str | None = None
    ) -> None:
        """Put these limits of one partition in force in place of those of each.

        Raises:
            BadInput: partitions of the key have no limits.
            NotFound: no family has this flow key.
        """
        self._require(key)
        async with self._database.begin() as tx:
            await flow_overrides.lock(tx)
            before = await _pinned(tx, key, name)
            period_ms = control.period // timedelta(milliseconds=1)
            pin = PartitionPin(key, name, control.parallelism, control.rate, period_ms)
            await flow_overrides.pin_partition(tx, pin, by=by)
            after = pinned_control(pin)
            if after != before:
                await audit.record(
                    tx, AuditAction.FLOW_PINNED, AuditSubject.FLOW_KEY, key, who=by,
                    before=self._limits(key, name, before), after=self._limits(key, name, after),
                    note=note,
                )  # fmt: skip
        await self._tell(key)

    async def reset(self, key: str, name: str, *, by: str, note: str | None = None) -> None:
        """Return to the limits of each partition.

        Raises:
            BadInput: partitions of the key have no limits.
            NotFound: no family has this flow key.
        """
        self._require(key)
        async with self._database.begin() as tx:
            await flow_overrides.lock(tx)
            before = await _pinned(tx, key, name)
            if before is not None:
                await flow_overrides.unpin_partition(tx, key, name)
                await audit.record(
                    tx, AuditAction.FLOW_RESET, AuditSubject.FLOW_KEY, key, who=by,
                    before=self._limits(key, name, before), after=self._limits(key, name, None),
                    note=note,
                )  # fmt: skip
        await self._tell(key)

    async def _active(self, key: str, only: str | None) -> dict[str, int] | None:
        try:
            return dict(await self._script.fullest(key, MOST, only))
        except (RedisError, OSError, TimeoutError):
            return None

    def _limits(self, key: str, name: str, pinned: FlowControl | None) -> Json:
        each = self._controls.live(key).partition or FlowControl()
        control = pinned or each
        return {
            "partition": name,
            "parallelism": control.parallelism,
            "rate": control.rate,
            "periodSeconds": control.period.total_seconds(),
            "source": "code" if pinned is None else "pinned",
        }

    def _families(self, key: str) -> list[str]:
        return sorted({parse_flow_key(one)[0] for one in self._controls.flow_keys(key)})

    def _is_partitioned(self, key: str) -> bool:
        default = self._controls.default(key)
        return default is not None and default.partitioned

    def _require(self, key: str) -> None:
        default = self._controls.default(key)
        if default is None:
            raise NotFound(
                f"There is no flow key {key!r}. GET /api/flow-control lists them.", field="key"
            )
        if not default.partitioned:
            raise BadInput(
                f"Partitions of {key} have no limits of their own. Its FlowControl says so, by"
                " per_partition or rate_per_partition.",
                field="key",
            )


async def _pinned(tx: AsyncConnection, key: str, name: str) -> FlowControl | None:
    pins = await flow_overrides.partitions(tx, key)
    return next((pinned_control(pin) for pin in pins if pin.partition == name), None)
