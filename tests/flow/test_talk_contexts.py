"""What a worker says to Redis is for all of its items: it is done in the context of none, whose
code may be what has it said."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis

from app.connections.shared_tasks import shared_task
from app.flow.limits import FlowControl
from app.flow.overrides import LiveControl
from app.flow.partitions.partition_script import Exchanged
from app.flow.permits.permit_queue import PermitQueue
from app.flow.redis_script import GateScript, Granted
from app.redaction.redactor import IN_USE, Redactor
from tests.flow.gates import KEY
from tests.flow.partitions.partition_queues import Script, queue_of, slot_of
from tests.support.patience import PATIENCE

OF_AN_ITEM: ContextVar[bool] = ContextVar("of_an_item", default=False)
FEW = FlowControl(parallelism=2)


class Watched(GateScript):
    def __init__(self, redis: Redis, prefix: str) -> None:
        super().__init__(redis, prefix, lease=timedelta(minutes=5))
        self.within: list[bool] = []

    async def exchange(self, *args: Any, **named: Any) -> Granted:  # as it is called
        self.within.append(OF_AN_ITEM.get())
        return await super().exchange(*args, **named)


class WatchedPartitions(Script):
    def __init__(self, redis: Redis, prefix: str) -> None:
        super().__init__(redis, prefix)
        self.within: list[bool] = []

    async def exchange(self, *args: Any, **named: Any) -> Exchanged:
        self.within.append(OF_AN_ITEM.get())
        return await super().exchange(*args, **named)


async def test_what_is_done_for_all_has_the_services_redactor_and_nothing_of_an_items() -> None:
    redactor = Redactor(["of-this-service"])
    IN_USE.set(redactor)
    OF_AN_ITEM.set(True)

    async def within() -> tuple[Redactor | None, bool]:
        return IN_USE.get(), OF_AN_ITEM.get()

    assert await shared_task(within(), name="for-all") == (redactor, False)


async def test_a_permit_is_asked_for_and_given_back_in_the_context_of_no_item(
    redis: Redis, redis_prefix: str
) -> None:
    script, live = Watched(redis, redis_prefix), LiveControl(KEY, FEW)
    queue = PermitQueue(script, "worker", lambda: live, lambda _: None)
    OF_AN_ITEM.set(True)
    async with asyncio.timeout(PATIENCE):
        queue.leave(await queue.enter(KEY))
        await queue.drained()
    assert set(script.within) == {False}


async def test_so_is_one_of_a_partition(redis: Redis, redis_prefix: str) -> None:
    script = WatchedPartitions(redis, redis_prefix)
    queue = queue_of(script, FEW, FEW)
    OF_AN_ITEM.set(True)
    async with asyncio.timeout(PATIENCE):
        async with slot_of(queue, "acme"):
            pass
        await queue.drained()
    assert set(script.within) == {False}
