"""A service that QStash calls: its API behind a socket, and a QStash for development."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config.engine_settings import EngineName
from app.engine.qstash.sender import OutboxSender
from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from app.workflows.contract.job_family import AnyFamily
from tests.support.http import OPS, app_of, bearer, serving
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

UNHEARD = (
    "UPDATE sluice.outbox SET sent_at = now() - interval '25 h', due_at = now() - interval '25 h'"
    " WHERE held_until IS NULL AND try_at IS NULL AND due_at < now()"
)
"""As if a day had passed in which QStash said nothing."""


@dataclass(frozen=True)
class CallSeen:
    """A call of QStash's, how it was answered, and after how long."""

    path: str
    status: int
    seconds: float = field(default=0.0, compare=False)


@dataclass
class Door:
    """The address. What it leads to is there only once the address is known."""

    app: ASGIApp | None = None
    seen: list[CallSeen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        began = time.perf_counter()
        signed = any(name == b"upstash-signature" for name, _ in scope["headers"])

        async def noted(message: Message) -> None:
            if signed and message["type"] == "http.response.start":
                self.seen.append(
                    CallSeen(scope["path"], message["status"], time.perf_counter() - began)
                )
            await send(message)

        await self.app(scope, receive, noted)


@dataclass(frozen=True)
class CalledService:
    sluice: Sluice
    qstash: LocalQStash
    faults: Faults
    url: str
    door: Door
    client: httpx2.AsyncClient
    """Of the API, without a token."""

    @property
    def seen(self) -> list[CallSeen]:
        return self.door.seen

    @property
    def sender(self) -> OutboxSender:
        calls = self.sluice.service.api.qstash
        assert calls is not None
        return calls.engine.sender

    async def tick(self) -> None:
        answer = await self.client.post("/api/qstash/tick", headers=bearer(OPS))
        assert answer.status_code == 200, answer.text

    async def due_for_sending(self) -> None:
        """As if the time had passed until the next try at sending each message."""
        await self.sluice.sql(
            "UPDATE sluice.outbox SET try_at = now() WHERE try_at IS NOT NULL AND due_at <= now()"
        )


def settings_of(qstash: LocalQStash, url: str) -> dict[str, object]:
    """Settings by their field's name."""
    keys = qstash.variables
    return {
        "engine": EngineName.QSTASH,
        "app_url": url,
        "qstash_url": qstash.url,
        "qstash_token": SecretStr(keys["QSTASH_TOKEN"]),
        "qstash_current_signing_key": SecretStr(keys["QSTASH_CURRENT_SIGNING_KEY"]),
        "qstash_next_signing_key": SecretStr(keys["QSTASH_NEXT_SIGNING_KEY"]),
    }


@asynccontextmanager
async def called_service(
    opener: Opener,
    *families: AnyFamily,
    faults: Faults | None = None,
    speed: float = 1.0,
    **changed: object,
) -> AsyncIterator[CalledService]:
    """
    Args:
        speed: of QStash's waiting: see ``Clock``.
        changed: settings by their field's name.
    """
    door, faults = Door(), faults or Faults()
    async with serving(door) as url, local_qstash(QStashOptions(speed=speed), faults) as qstash:
        settings = {**settings_of(qstash, url), **changed}
        async with opener(*families, **settings) as sluice, _working(sluice):
            door.app = app_of(sluice)
            async with httpx2.AsyncClient(
                base_url=url, timeout=PATIENCE, trust_env=False
            ) as client:
                yield CalledService(sluice, qstash, faults, url, door, client)


@asynccontextmanager
async def _working(sluice: Sluice) -> AsyncIterator[None]:
    worker = sluice.service.worker()
    running = asyncio.create_task(worker.run())
    try:
        await worker.begun.wait()
        yield
    finally:
        worker.stop()
        await running
