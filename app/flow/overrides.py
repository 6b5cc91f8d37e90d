"""What limits each flow key at present: the code's value, unless an operator has pinned another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from app.connections.faults import Fault
from app.errors import ConfigurationError
from app.flow.holds import FlowHolds, Hold
from app.flow.limits import OPEN, FlowControl

log = structlog.get_logger("sluice.flow")


@dataclass(frozen=True, slots=True)
class Override:
    """What an operator set. ``control`` is None where only the pause differs from the code.
    ``partitions``: the limits of some partitions, in place of those of each."""

    control: FlowControl | None
    paused: bool
    partitions: Mapping[str, FlowControl] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands beside the code's values at one moment.

    Args:
        overrides: of operators, by gate key.
        holds: that have not ended.
    """

    overrides: Mapping[str, Override] = field(default_factory=dict)
    holds: Sequence[Hold] = ()


@dataclass(frozen=True, slots=True)
class LiveControl:
    """``key`` is the gate's: two flow keys that share a limit share it."""

    key: str
    control: FlowControl
    pinned: bool = False
    paused: bool = False
    partition: FlowControl | None = None
    """The limits of each partition; None: the code declares none."""
    partitions: Mapping[str, FlowControl] = field(default_factory=dict)
    """Of some, in place of that."""

    @property
    def open(self) -> bool:
        """Nothing is counted or held back."""
        return self.control.open and self.partition is None and not self.paused

    def of_partition(self, name: str) -> FlowControl:
        return self.partitions.get(name) or self.partition or OPEN

    def of_partitions(self, names: Iterable[str | None]) -> dict[str, FlowControl]:
        """Of many at once, without the one that is none."""
        pinned, each = self.partitions, self.partition or OPEN
        return {name: pinned.get(name) or each for name in names if name is not None}


class EffectiveLimits:
    """Read by every permit; refreshed in the background, so a look costs nothing.

    Args:
        declared: the code's values, by flow key.
        load: reads what stands beside them.
    """

    def __init__(
        self,
        declared: Mapping[str, FlowControl],
        load: Callable[[], Awaitable[Standing]],
    ) -> None:
        self._load = load
        self.holds = FlowHolds()
        self._defaults = _by_gate_key(declared)
        self._gate_keys = {flow: control.key or flow for flow, control in declared.items()}
        self._flow_keys = flow_keys_of(declared)
        self._keys_of: dict[str, set[str]] = {}
        for flow, key in self._gate_keys.items():
            self._keys_of.setdefault(flow.rpartition(".")[0], set()).add(key)
        self._live = {key: _applied(key, one, None) for key, one in self._defaults.items()}

    @property
    def keys(self) -> list[str]:
        """The gate keys, sorted."""
        return sorted(self._defaults)

    def default(self, key: str) -> FlowControl | None:
        """The code's value; None: no family has such a key."""
        return self._defaults.get(key)

    def live(self, key: str) -> LiveControl:
        return self._live[key]

    def of(self, flow_key: str) -> LiveControl:
        return self._live[self._gate_keys[flow_key]]

    def flow_keys(self, key: str) -> list[str]:
        """The flow keys that are counted under this gate key."""
        return list(self._flow_keys.get(key, ()))

    def keys_of(self, family: str) -> Collection[str]:
        """The gate keys under which its layers are counted; none: it is not known here."""
        return self._keys_of.get(family, ())

    def held(self, key: str) -> list[Hold]:
        """Of those, what is held at present: each of their holds once."""
        found = [self.holds.of(flow) for flow in self.flow_keys(key)]
        return list(dict.fromkeys(hold for hold in found if hold is not None))

    async def refresh(self) -> None:
        found = await self._load()
        self._live = {
            key: _applied(key, default, found.overrides.get(key))
            for key, default in self._defaults.items()
        }
        self.holds.put(found.holds)

    async def follow(self, changed: asyncio.Event, *, every: float) -> None:
        """Refresh whenever ``changed`` is set, and every so many seconds behind it."""
        fault = Fault(log, "flow_control_not_read")
        while True:
            try:
                async with asyncio.timeout(every):
                    await changed.wait()
            except TimeoutError:
                pass
            changed.clear()
            try:
                await self.refresh()
                fault.over()
            except Exception as error:  # noqa: BLE001 - the former values stay in force
                fault.seen(error)


def flow_keys_of(declared: Mapping[str, FlowControl]) -> dict[str, tuple[str, ...]]:
    """The flow keys that are counted under each gate key, sorted."""
    found: dict[str, tuple[str, ...]] = {}
    for flow_key in sorted(declared):
        key = declared[flow_key].key or flow_key
        found[key] = (*found.get(key, ()), flow_key)
    return found


def _applied(key: str, default: FlowControl, override: Override | None) -> LiveControl:
    each = default.of_partition if default.partitioned else None
    if override is None:
        return LiveControl(key, default, partition=each)
    pinned = override.control is not None
    control = override.control or default
    return LiveControl(key, control, pinned, override.paused, each, override.partitions)


def _by_gate_key(declared: Mapping[str, FlowControl]) -> dict[str, FlowControl]:
    """
    Raises:
        ConfigurationError: two flow keys share a limit and declare different values for it.
    """
    found: dict[str, FlowControl] = {}
    origin: dict[str, str] = {}
    for flow_key, control in declared.items():
        key = control.key or flow_key
        if key in found and replace(found[key], key=None) != replace(control, key=None):
            raise ConfigurationError(
                f"{flow_key} and {origin[key]} share the flow key {key!r} but declare different"
                f" limits for it: {control}; {found[key]}. Give them the same FlowControl."
            )
        found[key] = control
        origin[key] = flow_key
    return found
