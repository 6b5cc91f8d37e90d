"""A receiver of webhooks, as a service of one's own would be one: it believes what is signed, and
nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook, WebhookVerificationError

from app.cli.server.uvicorn import bind, listening, url_of


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """``body``: as JSON."""

    id: str
    body: dict[str, Any]


@dataclass(slots=True)
class WebhookReceiver:
    """
    Args:
        secret: of the target that it is, as the service told it when the target was made.
    """

    url: str
    secret: str = ""
    refused: int = 0
    """Calls whose signature was another."""
    received: dict[str, ReceivedMessage] = field(default_factory=dict)
    """Each once, by its id, in the order in which they came."""
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, body: bytes, headers: dict[str, str]) -> bool:
        """False: it is not from whom it says."""
        try:
            message = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.refused += 1
            return False
        found = ReceivedMessage(headers["webhook-id"], message)
        self.received.setdefault(found.id, found)  # one that comes twice has the same id
        self.came.set()
        return True

    async def messages(self, number: int) -> list[ReceivedMessage]:
        """So many of them, once they are here."""
        while len(self.received) < number:
            self.came.clear()
            await self.came.wait()
        return list(self.received.values())


@asynccontextmanager
async def webhook_receiver() -> AsyncIterator[WebhookReceiver]:
    """On a port of this machine that is free."""
    app = FastAPI()
    app.state.stopping = asyncio.Event()
    with bind("127.0.0.1", 0) as bound:
        receiver = WebhookReceiver(f"{url_of(bound)}/hook")

        @app.post("/hook")
        async def take(request: Request) -> Response:
            taken = receiver.take(await request.body(), dict(request.headers))
            return Response(status_code=204 if taken else 401)

        async with listening(app, bound, stop_timeout=1):
            yield receiver
