"""One item is at work once at a time, whichever run it belongs to: a lease in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from redis.asyncio import Redis
from redis.asyncio.lock import Lock
from redis.exceptions import LockError

from app.connections.faults import Fault
from app.flow.redis_script import UNREACHABLE

RETRY_SECONDS = 0.5

log = structlog.get_logger("sluice.flow")


class ItemLocks:
    """For families whose runs may overlap. ``run`` must be running while locks are held."""

    def __init__(self, redis: Redis, prefix: str, *, lease: timedelta) -> None:
        self._redis = redis
        self._prefix = f"{prefix}:item"
        self._lease = lease.total_seconds()
        self._held: set[Lock] = set()
        self._away = Fault(log, "gate_unreachable")
        self._renewing = Fault(log, "item_lock_not_renewed")

    @asynccontextmanager
    async def hold(self, family: str, item_id: str) -> AsyncIterator[bool]:
        """Whether the item is ours for the length of the ``async with``; else it is at work
        elsewhere. While Redis does not answer, this waits."""
        name = f"{self._prefix}:{family}:{item_id}"
        lock = self._redis.lock(name, timeout=self._lease, blocking=False, thread_local=False)
        if not await self._acquire(lock):
            yield False
            return
        self._held.add(lock)
        try:
            yield True
        finally:
            ours = lock in self._held
            self._held.discard(lock)
            if ours:
                await self._release(lock)

    async def run(self) -> None:
        """Keep what is held from expiring, until cancelled."""
        while True:
            await asyncio.sleep(self._lease / 3)
            await self.renew()

    async def renew(self) -> None:
        """Let what is held expire a whole lease from now."""
        for lock in list(self._held):
            try:
                await lock.reacquire()
                self._renewing.over()
            except LockError:  # Redis has answered: it is gone, or another's
                self._renewing.over()
                await self._take_up_again(lock)
            except UNREACHABLE as error:
                self._renewing.seen(error)

    async def _take_up_again(self, lock: Lock) -> None:
        """Its item is at work whatever Redis remembers, which may have come back empty."""
        token = lock.local.token
        if lock not in self._held or token is None:
            return  # the item has ended meanwhile
        try:
            taken = await lock.do_acquire(token)
            if lock not in self._held:
                if taken:
                    await lock.do_release(token)
            elif not taken:
                self._held.discard(lock)
                _tell_lost(lock)
        except LockError:
            pass  # it has ended, and given back what it had just been given
        except UNREACHABLE as error:
            self._renewing.seen(error)

    async def _release(self, lock: Lock) -> None:
        try:
            await lock.release()
        except LockError:
            _tell_lost(lock)
        except UNREACHABLE as error:
            # It ends by itself with its lease.
            log.warning("item_lock_not_released", key=lock.name, error=type(error).__name__)

    async def _acquire(self, lock: Lock) -> bool:
        while True:
            try:
                acquired = bool(await lock.acquire())
            except UNREACHABLE as error:
                if isinstance(error, LockError):
                    raise
                self._away.seen(error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._away.over()
                return acquired


def _tell_lost(lock: Lock) -> None:
    log.warning("item_lock_lost", key=lock.name)
