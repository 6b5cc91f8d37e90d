"""One start of a key whose partitions have limits."""

from __future__ import annotations

from app.flow.partitions.partition_queue import PartitionQueue


class PartitionSlot:
    """A class, because a generator for each item costs twice as much."""

    __slots__ = ("_flow_key", "_lane", "_partition", "_permit", "_priority")

    def __init__(
        self, lane: PartitionQueue, flow_key: str, partition: str | None, priority: int
    ) -> None:
        self._lane = lane
        self._flow_key = flow_key
        self._partition = partition
        self._priority = priority
        self._permit = ""

    async def __aenter__(self) -> None:
        self._permit = await self._lane.enter(self._flow_key, self._partition, self._priority)

    async def __aexit__(self, *_: object) -> None:
        if self._permit:
            self._lane.leave(self._permit)
