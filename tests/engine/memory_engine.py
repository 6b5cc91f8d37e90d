"""An engine in the memory of one process: what ``app.engine`` asks of one, and no more."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import Abandoned, Backlog, Delivery, Depth, Lane, OutgoingMessage, Token, Unsent


@dataclass
class _Kept:
    message: OutgoingMessage
    seq: int
    due: float
    deliveries: int = 0
    attempts: int = 0
    held: bool = False
    again: float | None = None


@dataclass
class MemoryEngine:
    kept: dict[str, _Kept] = field(default_factory=dict)
    seq: int = 0

    async def publish(self, tx: AsyncConnection, messages: Sequence[OutgoingMessage]) -> int:
        loop = asyncio.get_running_loop()

        def committed(_connection: object) -> None:
            for message in messages:
                self.seq += 1
                due = loop.time() + message.delay.total_seconds()
                kept = self.kept.setdefault(message.id, _Kept(message, self.seq, due))
                kept.message.priority = message.priority
                if kept.held:
                    kept.again = min(due, kept.again or due)
                kept.due = min(due, kept.due)

        event.listen(tx.sync_connection, "commit", committed, once=True)
        return len({message.id for message in messages} - self.kept.keys())

    async def living(self, tx: AsyncConnection, tokens: Collection[Token]) -> set[Token]:
        return {(one.seq, one.deliveries) for one in self.kept.values() if one.held} & set(tokens)

    async def abandoned(
        self, tx: AsyncConnection, tokens: Collection[Token]
    ) -> Sequence[Abandoned]:
        return ()  # its workers are of one process

    async def withdraw(self, tx: AsyncConnection, ids: Collection[str]) -> None:
        for one in ids:
            if one in self.kept and not self.kept[one].held:
                del self.kept[one]

    async def rename(self, tx: AsyncConnection, old: str, new: str) -> None:
        for one in self.kept.values():
            if one.message.flow_key == old:
                one.message.flow_key = new

    async def hurry(
        self, tx: AsyncConnection, flow_keys: Sequence[str], until: datetime
    ) -> None: ...

    async def tidy(self) -> None: ...

    async def depth(self) -> Mapping[str, Depth]:
        sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for one in self.kept.values():
            late = one.due > asyncio.get_running_loop().time()
            sums[one.message.flow_key][2 if one.held else int(late)] += one.message.size
        return {key: Depth(*found) for key, found in sums.items()}

    async def depth_of(self, tx: AsyncConnection, of: Sequence[tuple[str, str]]) -> Sequence[Depth]:
        found = []
        for key, prefix in of:
            part = MemoryEngine({i: k for i, k in self.kept.items() if i.startswith(prefix)})
            found.append((await part.depth()).get(key, Depth()))
        return found

    async def backlog(
        self, tx: AsyncConnection, flow_keys: Sequence[str], *, most: int
    ) -> Mapping[str, Backlog]:
        now, depth = asyncio.get_running_loop().time(), await self.depth()
        since = {
            key: [
                now - k.due for k in self.kept.values() if k.message.flow_key == key and not k.held
            ]
            for key in flow_keys
        }
        return {key: Backlog(depth.get(key, Depth()), max([0.0, *since[key]])) for key in flow_keys}

    async def unsent(self, tx: AsyncConnection, *, most: int) -> Unsent | None:
        return None

    def worker(self, lanes: Sequence[Lane], identity: UUID) -> _MemoryWorker:
        return _MemoryWorker(self.kept, lanes)


class _MemoryWorker:
    def __init__(self, kept: dict[str, _Kept], lanes: Sequence[Lane]) -> None:
        self._kept, self._lanes = kept, lanes
        self._stopped = False
        self._tasks: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        self._stopped = True

    def look(self) -> None: ...

    async def run(self) -> None:
        while not self._stopped:
            self._take()
            await asyncio.sleep(0.002)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=1)
            for task in late:
                task.cancel()

    def _take(self) -> None:
        now = asyncio.get_running_loop().time()
        due = [one for one in self._kept.values() if not one.held and one.due <= now]
        for one in sorted(due, key=lambda one: (-one.message.priority, one.due, one.seq)):
            for lane in self._lanes:
                key = one.message.flow_key
                if key in lane.handlers and lane.places() > 0 and lane.room(key) > 0:
                    one.held = True
                    one.deliveries += 1
                    one.attempts += 1
                    self._tasks.add(task := asyncio.create_task(self._deliver(lane, one)))
                    task.add_done_callback(self._tasks.discard)
                    return

    async def _deliver(self, lane: Lane, one: _Kept) -> None:
        message, again = one.message, timedelta(seconds=1)
        token = (one.seq, one.deliveries)
        delivery = Delivery(
            token, message.flow_key, message.payload, one.attempts, priority=message.priority
        )
        try:
            after = await lane.handlers[message.flow_key](delivery)
            if after is None and one.again is None:
                del self._kept[message.id]
                return
            again = timedelta(0) if after is None else after
        except asyncio.CancelledError:
            again = timedelta(0)
        except Exception:  # noqa: BLE001, S110 - delivered again
            pass
        now = asyncio.get_running_loop().time()
        one.due = now + again.total_seconds() if one.again is None else one.again
        one.attempts = one.attempts if one.again is None else 0
        one.held, one.again = False, None
