"""The memory of partitions in Redis: the scripts beside it, and the names of their keys."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

from redis.asyncio import Redis

from app.flow.limits import FlowControl
from app.flow.redis_script import HORIZON, PACE, bucket_of, microseconds, started_in, wake_channel

NO_ROOM, TAKEN = -1, -2
"""Answers to a permit that was wanted: none of the key's slots, or of its partition's, is free."""


class PermitAnswer(NamedTuple):
    """To one permit that was wanted. Made for every item: a frozen dataclass takes longer.

    ``start``: seconds from now until it may be used; None: it was not given. ``partition_in``: it
    was not because of its partition, whose next turn comes in so many seconds; infinite: when one
    of its slots is given back.
    """

    start: float | None
    partition_in: float | None = None


AT_ONCE = PermitAnswer(0.0)


@dataclass(frozen=True, slots=True)
class Exchanged:
    """``answers`` in the order of what was wanted. ``wanted_elsewhere``: items of other workers
    wait. ``ask_in`` as that of ``app.flow.redis_script.Granted``."""

    answers: Sequence[PermitAnswer]
    wanted_elsewhere: bool
    ask_in: float | None


class PartitionScript:
    """One flow key at a time, and its partitions that are asked for; a round trip each."""

    def __init__(self, redis: Redis, prefix: str, *, lease: timedelta) -> None:
        self._redis = redis
        self._prefix = f"{prefix}:flow"
        self._lease = microseconds(lease)
        self._channel = wake_channel(prefix)
        source = files("app.flow.partitions")
        first = (source / "counts.lua").read_text()
        self._exchange, self._observe, self._renew = (
            redis.register_script(first + (source / f"{name}.lua").read_text())
            for name in ("exchange", "observe", "renew")
        )

    async def exchange(
        self,
        key: str,
        control: FlowControl,
        limits: Mapping[str, FlowControl],
        worker: str,
        *,
        wanted: Sequence[str | None],
        holds: int,
        number: int,
        waiting: int,
        released: Mapping[int, str | None] = MappingProxyType({}),
    ) -> Exchanged:
        """Give ``released`` back, and take permits from ``number`` on: one for each that is wanted,
        or none in its place.

        Args:
            limits: of each partition that is wanted or released.
            wanted: partitions, in the order in which their items came.
            released: numbers of permits, each with its partition.
        """
        places: dict[str | None, str] = {n: str(at) for at, n in enumerate(limits, start=1)}
        places[None] = "0"
        keys = self._keys(
            key, "slots", "next", "waiting", "wants", started_in(control), "used", "heard"
        )
        kinds: list[FlowControl] = []  # nearly always one
        kind_of: dict[int, int] = {}  # by identity: hashing each takes as long as all else here
        for limit in limits.values():
            if id(limit) not in kind_of:
                kinds.append(limit)
                kind_of[id(limit)] = len(kinds)
        each = "" if len(kinds) < 2 else " ".join(str(kind_of[id(one)]) for one in limits.values())
        args: list[str | int] = [
            self._channel, key, worker, self._lease, control.parallelism or 0, _interval(control),
            microseconds(HORIZON), bucket_of(control), holds, number, waiting, "\0".join(limits),
            each, " ".join([places[one] for one in wanted]),
            " ".join([f"{permit} {places[of]}" for permit, of in released.items()]),
            *self._keys(key, "next:"),
        ]  # fmt: skip
        for kind in kinds:
            args += [kind.parallelism or 0, _interval(kind)]
        elsewhere, ask_in, *answers = map(int, await self._exchange(keys=keys, args=args))
        return Exchanged(
            [AT_ONCE if one == 0 else _answer(one) for one in answers],
            elsewhere > 0,
            None if ask_in < 0 else ask_in / 1e6,
        )

    async def renew(self, key: str, worker: str, held: Mapping[int, str | None]) -> None:
        """Say that these permits, each with its partition, are still in use."""
        permits = [permit_name(worker, number, name) for number, name in held.items()]
        await self._renew(keys=self._keys(key, "slots", "used"), args=[self._lease, *permits])

    async def fullest(self, key: str, most: int, only: str | None = None) -> list[tuple[str, int]]:
        """Partitions that have slots in use, and how many; those with the most, or ``only`` this
        one."""
        named = () if only is None else (only,)
        reply = await self._observe(keys=self._keys(key, "slots", "used"), args=[most, *named])
        names = [one.decode() if isinstance(one, bytes) else str(one) for one in reply[::2]]
        return list(zip(names, map(int, reply[1::2]), strict=True))

    def _keys(self, key: str, *parts: str) -> list[str]:
        return [f"{self._prefix}:{{{key}}}:{part}" for part in parts]


def permit_name(worker: str, number: int, partition: str | None) -> str:
    """As Redis has it."""
    return f"{worker}:{number}" if partition is None else f"{worker}:{number}:{partition}"


def _interval(control: FlowControl) -> int:
    return microseconds(control.interval * PACE) if control.interval else 0


def _answer(number: int) -> PermitAnswer:
    if number >= 0:
        return PermitAnswer(number / 1e6)
    if number == NO_ROOM:
        return PermitAnswer(None)
    return PermitAnswer(None, math.inf if number == TAKEN else (TAKEN - number) / 1e6)
