"""The gate's memory in Redis: three Lua scripts, and the names of their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.config.priorities import BULK_SHARE, ORDINARY, WHOLE
from app.connections.faults import Fault
from app.flow.limits import FlowControl
from app.flow.usage import Observed

UNREACHABLE = (RedisError, OSError, TimeoutError)

HORIZON = timedelta(milliseconds=100)
"""How far ahead starts are handed out: longer than a round trip and a stall of the event loop, so
that no start is lost to either; short, because what is handed out ignores a pause."""
PACE = 1.01
"""Starts are this much further apart than the rate asks: an item begins a little after its permit,
and by never the same little, so that starts at the very rate would now and then be one too many."""
CHANGED = "*"
"""The wake-up call that tells of changed overrides. Any other one is a worker and a gate key, of
which it has given slots back."""
ASK = "ask"
"""The third word of such a call: whoever holds slots of the key is to ask what becomes of them."""
_BUCKETS = 60


log = structlog.get_logger("sluice.flow")


@dataclass(frozen=True, slots=True)
class Granted:
    """What an exchange gave.

    ``starts``: seconds from now until each new permit may be used. ``excess``: slots that should be
    given back as their items end, because the limit was lowered or others wait. ``ask_in``: seconds
    after which asking again is worth it; None: when woken. ``levels``: of each start its priority;
    empty: whoever is next in line may begin.
    """

    starts: Sequence[float]
    excess: int
    ask_in: float | None
    levels: Sequence[int] = ()


class GateScript:
    """One flow key at a time; a round trip each.

    Args:
        share: of the starts, for lower priorities than the highest one that waits in any worker.
    """

    def __init__(
        self, redis: Redis, prefix: str, *, lease: timedelta, share: float = BULK_SHARE
    ) -> None:
        self._redis = redis
        self._prefix = f"{prefix}:flow"
        self._lease = microseconds(lease)
        self._share = round(share * WHOLE)
        self.channel = wake_channel(prefix)
        self.fault = Fault(log, "gate_unreachable")
        """Shared by all who ask through this script."""
        source = files("app.flow")
        self._exchange = redis.register_script(with_choice(source / "exchange.lua"))
        self._renew = redis.register_script((source / "renew.lua").read_text())
        self._observe = redis.register_script((source / "observe.lua").read_text())

    async def exchange(
        self,
        key: str,
        control: FlowControl,
        worker: str,
        *,
        want: int,
        holds: int,
        number: int,
        handed: int = 0,
        levels: Sequence[tuple[int, int]] = (),
        released: Sequence[str] = (),
    ) -> Granted:
        """Give ``released`` back and take up to ``want`` permits, ``worker:number`` and so on.

        Args:
            holds: slots that this worker keeps after the release.
            handed: items that started on a slot of ours since the last exchange.
            levels: priorities, the highest first, each with how many wait for it, or none where a
                slot was handed on to one. None at all: all are ordinary.
        """
        interval = control.interval
        reply = await self._exchange(
            keys=self._keys(key, "slots", "next", "waiting", "wants", started_in(control), "owed"),
            args=[
                self.channel, key, worker, self._lease, control.parallelism or 0,
                microseconds(interval * PACE) if interval else 0, microseconds(HORIZON),
                bucket_of(control), want, holds, number, handed,
                _levels(levels), self._share, *released,
            ],
        )  # fmt: skip
        excess, ask_in, granted, *more = (int(value) for value in reply)
        starts = [start / 1e6 for start in more[:granted]]
        return Granted(starts, excess, None if ask_in < 0 else ask_in / 1e6, more[granted:])

    async def renew(self, key: str, permits: Sequence[str]) -> None:
        await self._renew(keys=self._keys(key, "slots"), args=[self._lease, *permits])

    async def observe(self, key: str, control: FlowControl) -> Observed | None:
        """The use of a key at present; None: Redis does not answer."""
        keys = self._keys(key, "slots", "waiting", "wants", started_in(control))
        try:
            reply = await self._observe(keys=keys, args=[bucket_of(control)])
        except UNREACHABLE as error:
            self.fault.seen(error, key=key)
            return None
        self.fault.over()
        return _observed(reply)

    async def observe_all(self, of: Mapping[str, FlowControl]) -> dict[str, Observed] | None:
        """The use of each key, in one round trip. None: Redis does not answer."""
        try:
            # It would keep its connection, were it cut off before it executes.
            async with self._redis.pipeline(transaction=False) as pipeline:
                for key, control in of.items():
                    keys = self._keys(key, "slots", "waiting", "wants", started_in(control))
                    await self._observe(keys=keys, args=[bucket_of(control)], client=pipeline)
                replies = await pipeline.execute() if of else []
        except UNREACHABLE as error:
            self.fault.seen(error)
            return None
        self.fault.over()
        return {key: _observed(reply) for key, reply in zip(of, replies, strict=True)}

    def check(self, control: FlowControl) -> None:
        """The gate holds every one."""

    async def tell_changed(self, key: str) -> None:
        """Wake every worker to read the overrides. Those whom it does not reach poll."""
        try:
            await self._redis.publish(self.channel, CHANGED)
        except UNREACHABLE as error:
            self.fault.seen(error, key=key)

    async def reconcile(self) -> int:
        """Whoever takes permits reads the overrides by itself."""
        return 0

    def _keys(self, key: str, *parts: str) -> list[str]:
        # The braces keep a key's parts on one node of a Redis cluster.
        return [f"{self._prefix}:{{{key}}}:{part}" for part in parts]


def wake_channel(prefix: str) -> str:
    """On which workers are told that slots were given back, or overrides changed."""
    return f"{prefix}:flow:wake"


def _observed(reply: Sequence[object]) -> Observed:
    active, waiting, started = (int(str(value)) for value in reply)
    return Observed(active, waiting, started)


def _levels(levels: Sequence[tuple[int, int]]) -> str:
    if not levels or (len(levels) == 1 and levels[0][0] == ORDINARY):
        return ""
    return " ".join([f"{priority} {waits}" for priority, waits in levels])


def with_choice(script: Traversable) -> str:
    """A script that chooses by priority."""
    return (files("app.flow") / "choice.lua").read_text() + script.read_text()


def microseconds(duration: timedelta) -> int:
    return max(1, duration // timedelta(microseconds=1))


def started_in(control: FlowControl) -> str:
    # Buckets of another period are counted otherwise, and must not be mixed with these.
    return f"started:{bucket_of(control)}"


def bucket_of(control: FlowControl) -> int:
    return max(1, microseconds(control.period) // _BUCKETS)
