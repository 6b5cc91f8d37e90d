"""What tests of an engine do: publish, and take what is delivered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Ask, Delivery, Engine, Handler, OutgoingMessage, Worker
from tests.support.patience import PATIENCE


@dataclass
class SomeLane:
    """A lane with as much room as the test says. ``most``: messages in hand at once."""

    handlers: Mapping[str, Handler]
    most: int = 50
    rooms: Mapping[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def counted(handler: Handler) -> Handler:
            async def handle(delivery: Delivery) -> timedelta | None:
                self.held[delivery.flow_key] = self.held.get(delivery.flow_key, 0) + 1
                try:
                    return await handler(delivery)
                finally:
                    self.held[delivery.flow_key] -= 1

            return handle

        self.handlers = {key: counted(handler) for key, handler in self.handlers.items()}

    def places(self) -> int:
        return self.most - sum(self.held.values())

    def room(self, flow_key: str) -> int:
        return self.rooms.get(flow_key, self.most) - self.held.get(flow_key, 0)

    def asks(self, flow_key: str, dry: int) -> Sequence[Ask]:
        room = self.room(flow_key)
        return [Ask(room)] if room > 0 else []


class Taker:
    """Remembers what it is handed, and ends it."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []

    async def __call__(self, delivery: Delivery) -> None:
        self.taken.append(delivery)


class Holder(Taker):
    """Keeps what it is handed until the test lets go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()

    async def __call__(self, delivery: Delivery) -> None:
        await super().__call__(delivery)
        await self.let_go.wait()


def message(number: int, key: str = "a.execute", **more: object) -> OutgoingMessage:
    return OutgoingMessage(id=f"m{number}", flow_key=key, payload=b"%d" % number, **more)  # type: ignore[arg-type]  # forwarded


async def publish(engine: Engine, database: AsyncEngine, *messages: OutgoingMessage) -> int:
    async with database.begin() as tx:
        return await engine.publish(tx, messages)


@asynccontextmanager
async def working(
    engine: Engine, handlers: Mapping[str, Handler], **lane: object
) -> AsyncIterator[Worker]:
    worker = engine.worker([SomeLane(handlers, **lane)], uuid4())  # type: ignore[arg-type]  # forwarded
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await running


async def until_empty(engine: Engine, within: float = PATIENCE) -> None:
    async with asyncio.timeout(within):
        while await engine.depth():
            await asyncio.sleep(0.01)
