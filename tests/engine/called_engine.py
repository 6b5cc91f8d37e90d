"""The engine on QStash with what it needs around it: a QStash, and an address that it calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from qstash import AsyncQStash
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.engine.qstash.engine import QStashEngine
from app.engine.qstash.signature import HEADER, SignatureCheck, SignatureRefused
from app.engine.qstash.target import DeliveryTarget
from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from tests.qstash_dev.calls import official_client
from tests.support.http import serving

PREFIX = "/deliver/"


def target_of(flow_key: str) -> DeliveryTarget:
    return DeliveryTarget(PREFIX + flow_key, flow_key, parallelism=40)


@dataclass
class _Door:
    """The address. It lets in what is signed."""

    engine: QStashEngine | None = None
    check: SignatureCheck | None = None
    answered: list[int] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.engine is not None
        assert self.check is not None
        request = Request(scope, receive)
        body, path = await request.body(), request.url.path
        try:
            self.check.verify(request.headers.get(HEADER), path, body)
        except SignatureRefused:
            answer = Response(status_code=401)
        else:
            retried = int(request.headers["Upstash-Retried"])
            told = await self.engine.deliver(path.removeprefix(PREFIX), body, retried)
            answer = Response(status_code=told.status, headers=told.headers)
        self.answered.append(answer.status_code)
        await answer(scope, receive, send)


@dataclass
class CalledEngine:
    engine: QStashEngine
    qstash: LocalQStash
    client: AsyncQStash
    url: str
    answered: list[int]


@asynccontextmanager
async def called_engine(
    database: AsyncEngine, *, faults: Faults | None = None, speed: float = 1.0
) -> AsyncIterator[CalledEngine]:
    door = _Door()
    async with (
        serving(door) as url,
        local_qstash(QStashOptions(speed=speed), faults) as qstash,
        official_client(qstash) as client,
    ):
        keys = qstash.parts.signing_keys
        door.check = SignatureCheck(url, keys.current, keys.next)
        door.engine = QStashEngine(
            database,
            client,
            url,
            target_of,
            stop_timeout=timedelta(seconds=1),
            look_again=timedelta(seconds=1),
        )
        yield CalledEngine(door.engine, qstash, client, url, door.answered)
        await door.engine.sender.send()
