"""What flow keys did in the last five minutes, kept in Redis until it is too old."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from redis.asyncio import Redis

KEPT = timedelta(minutes=5)
MOST = 100
"""Points of a key."""
_EXPIRE = 2 * KEPT


@dataclass(frozen=True, slots=True)
class FlowPoint:
    """``at``: seconds since 1970. ``starts``: in the period that ended then."""

    at: float
    in_use: int
    starts: int
    waiting: int
    parallelism: int | None
    rate: float | None


class FlowHistory:
    """A list for each flow key, the latest first."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = f"{prefix}:flow"

    async def add(self, points: Mapping[str, FlowPoint]) -> None:
        """Add a point for each flow key, in one round trip."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for key, point in points.items():
                name = self._name(key)
                pipeline.lpush(name, json.dumps(asdict(point)))
                pipeline.ltrim(name, 0, MOST - 1)
                pipeline.expire(name, _EXPIRE)
            if points:
                await pipeline.execute()

    async def of(self, key: str, now: datetime) -> Sequence[FlowPoint]:
        """The oldest first."""
        texts = await self._redis.lrange(self._name(key), 0, MOST - 1)
        points = [FlowPoint(**json.loads(text)) for text in reversed(texts)]
        since = (now - KEPT).timestamp()
        return [point for point in points if point.at >= since]

    def _name(self, key: str) -> str:
        return f"{self._prefix}:{{{key}}}:history"
