"""The gate that holds over every worker on every machine; its memory is in Redis."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from redis.asyncio import Redis

from app.config.priorities import BULK_SHARE, ORDINARY
from app.connections.faults import Fault
from app.flow.gate import FlowHeld, GateClosed, PermitAhead
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits, LiveControl
from app.flow.partitions.partition_queue import PartitionQueue
from app.flow.partitions.partition_script import PartitionScript
from app.flow.partitions.partition_slot import PartitionSlot
from app.flow.permits.permit_queue import PermitQueue
from app.flow.permits.permit_slot import PermitSlot
from app.flow.redis_script import ASK, CHANGED, UNREACHABLE, GateScript

LEASE = timedelta(seconds=10)
CONFIG_POLL = 0.7
"""Seconds. Behind the wake-up call: how often the operators' overrides are read anew."""

LONGEST_RETRY = 15.0
"""Seconds between two tries to hear the wake-up calls, behind which the permit queues poll."""

SUBSCRIBED_WITHIN = 5.0
"""Seconds in which Redis must have answered."""

UNLIMITED = nullcontext()

log = structlog.get_logger("sluice.flow")


class RedisGate:
    """See ``app.flow.gate.Gate``. ``run`` must be running while permits are held.

    Args:
        share: of the starts of a flow key, for lower priorities than the highest one that waits.
    """

    def __init__(
        self,
        redis: Redis,
        prefix: str,
        controls: EffectiveLimits,
        *,
        lease: timedelta = LEASE,
        share: float = BULK_SHARE,
    ) -> None:
        self._redis = redis
        self._share = share
        self._controls = controls
        self.holds = controls.holds
        self._lease = lease
        self._script = GateScript(redis, prefix, lease=lease, share=share)
        self._worker = uuid.uuid4().hex
        self._partitions = PartitionScript(redis, prefix, lease=lease)
        self._queues: dict[str, PermitQueue] = {}
        self._by_partition: dict[str, PartitionQueue] = {}
        self._changed = asyncio.Event()
        self._closed = False

    def permit(
        self, flow_key: str, partition: str | None = None, priority: int = ORDINARY
    ) -> AbstractAsyncContextManager[None]:
        if self._closed:
            raise GateClosed(flow_key)
        self.holds.require_none(flow_key)
        live = self._controls.of(flow_key)
        if live.open:
            return UNLIMITED
        if live.partition is not None:
            queue = self._partitioned(live.key)
            return PartitionSlot(queue, flow_key, partition, priority)
        return PermitSlot(self._queue(live.key), flow_key, priority)

    async def ahead(
        self, flow_key: str, partitions: Sequence[str | None], priority: int = ORDINARY
    ) -> Sequence[PermitAhead]:
        if self._closed:
            raise GateClosed(flow_key)
        self.holds.require_none(flow_key)
        live = self._controls.of(flow_key)
        if live.partition is None:
            return ()
        return await self._partitioned(live.key).ahead(flow_key, partitions, priority)

    def call(self, flow_key: str) -> AbstractAsyncContextManager[None]:
        return self.permit(flow_key)

    def require_free(self, flow_key: str) -> None:
        self.holds.require_none(flow_key)

    def limits(self, flow_key: str) -> bool:
        return not self._controls.of(flow_key).open

    def once_a_delivery(self, flow_key: str) -> bool:
        return False

    def at_once(
        self, flow_key: str, priority: int = ORDINARY
    ) -> AbstractAsyncContextManager[None] | None:
        if self._closed:
            raise GateClosed(flow_key)
        self.holds.require_none(flow_key)
        live = self._controls.of(flow_key)
        if live.open:
            return UNLIMITED
        queue = self._queues.get(live.key)
        return PermitSlot(queue, flow_key, priority) if queue is not None and queue.ready else None

    def share(
        self, name: str, parallelism: Callable[[], int | None]
    ) -> AbstractAsyncContextManager[None]:
        if self._closed:
            raise GateClosed(name)
        key = f"share:{name}"
        queue = self._queues.get(key)
        if queue is None:

            def live() -> LiveControl:
                return LiveControl(key, FlowControl(parallelism=parallelism()))

            queue = self._queues[key] = PermitQueue(self._script, self._worker, live, self._refused)
        return PermitSlot(queue)

    @property
    def away(self) -> bool:
        """Redis did not answer when it was asked last."""
        return self._script.fault.lasts

    def close(self) -> None:
        self._closed = True
        for queue in self._all:
            queue.close()

    async def run(self) -> None:
        """Renew leases, hear wake-up calls and follow the overrides, until cancelled.

        At the end every slot that was given back here has reached Redis, if Redis can be reached.
        """
        try:
            with self.holds.heard_by(self._held):
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._renew())
                    group.create_task(self._listen())
                    group.create_task(self._controls.follow(self._changed, every=CONFIG_POLL))
        finally:
            await asyncio.gather(*(queue.drained() for queue in self._all))

    def _held(self) -> None:
        """Who waits under a key that is held now waits in the queue, where it takes nobody's
        place."""
        for queue in self._all:
            queue.send_away()

    def _refused(self, flow_key: str) -> Exception | None:
        return None if self.holds.of(flow_key) is None else FlowHeld(flow_key)

    def _queue(self, key: str) -> PermitQueue:
        queue = self._queues.get(key)
        if queue is None:
            queue = PermitQueue(
                self._script,
                self._worker,
                lambda: self._controls.live(key),
                self._refused,
                self._share,
            )
            self._queues[key] = queue
        return queue

    def _partitioned(self, key: str) -> PartitionQueue:
        queue = self._by_partition.get(key)
        if queue is None:
            queue = PartitionQueue(
                self._partitions, self._worker, partial(self._controls.live, key), self._refused,
                self._script.fault, self._share,
            )  # fmt: skip
            self._by_partition[key] = queue
        return queue

    @property
    def _all(self) -> list[PermitQueue | PartitionQueue]:
        return [*self._queues.values(), *self._by_partition.values()]

    async def _renew(self) -> None:
        fault = Fault(log, "leases_not_renewed")
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            for key, queue in list(self._queues.items()):
                if queue.idle:
                    del self._queues[key]  # made anew when it is asked for
            for each in self._all:
                if each.held:
                    try:
                        await _whole(each.renew())
                        fault.over()
                    except Exception as error:  # noqa: BLE001 - other keys must be renewed
                        fault.seen(error)

    async def _listen(self) -> None:
        fault, pause = Fault(log, "gate_unheard"), 1.0
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as calls:
                    await _whole(calls.subscribe(self._script.channel))
                    # The first answer says whether we may; it is a confirmation, which is dropped.
                    await calls.get_message(timeout=SUBSCRIBED_WITHIN)
                    fault.over()
                    pause = 1.0
                    async for call in calls.listen():
                        self._hear(call["data"])
            except UNREACHABLE as error:
                fault.seen(error, retry_in=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_RETRY)

    def _hear(self, data: object) -> None:
        call = data.decode() if isinstance(data, bytes) else str(data)
        sender, *rest = call.split()
        if call == CHANGED:
            self._changed.set()
        elif sender != self._worker and rest:  # who gave the slot back is not the one to take it
            key, asked = rest[0], ASK in rest[1:]
            if queue := self._queues.get(key):
                queue.kick(asked=asked)
            elif partitioned := self._by_partition.get(key):
                partitioned.kick()


async def _whole(connecting: Coroutine[Any, Any, None]) -> None:  # what it sends is its own
    """Let it end before a cancellation does: redis-py loses a connection that is cancelled while
    it is being made, and the cancellation with it."""
    task = asyncio.create_task(connecting)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
