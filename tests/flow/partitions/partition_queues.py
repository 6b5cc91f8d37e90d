"""Queues of a key whose partitions have limits, as workers have them: their script is watched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisAway

from app.config.priorities import ORDINARY
from app.connections.faults import Fault
from app.flow.limits import FlowControl
from app.flow.overrides import LiveControl
from app.flow.partitions.partition_queue import GIVEN_BACK_WITHIN, PartitionQueue
from app.flow.partitions.partition_script import Exchanged, PartitionScript
from app.flow.partitions.partition_slot import PartitionSlot
from tests.flow.gates import KEY


class Script(PartitionScript):
    """Counts what it is asked, and answers nothing while it is away."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        super().__init__(redis, prefix, lease=timedelta(minutes=5))
        self.redis, self.prefix = redis, prefix
        self.exchanges = 0
        self.is_away = False

    async def exchange(self, *args: Any, **named: Any) -> Exchanged:  # as it is called
        self.exchanges += 1
        if self.is_away:
            raise RedisAway("away")
        return await super().exchange(*args, **named)

    async def in_use(self) -> int:
        return int(await self.redis.zcard(f"{self.prefix}:flow:{{{KEY}}}:slots"))


def queue_of(
    script: PartitionScript,
    control: FlowControl,
    each: FlowControl,
    worker: str = "worker",
    *,
    given_back_within: float = GIVEN_BACK_WITHIN,
) -> PartitionQueue:
    live = LiveControl(KEY, control, partition=each)
    return PartitionQueue(
        script, worker, lambda: live, lambda _: None,
        Fault(structlog.get_logger("test"), "gate_unreachable"),
        given_back_within=given_back_within,
    )  # fmt: skip


def slot_of(queue: PartitionQueue, partition: str | None) -> PartitionSlot:
    return PartitionSlot(queue, KEY, partition, ORDINARY)
