"""Calling the server: by the official client, and by hand, for what that has no call for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from qstash import AsyncQStash
from qstash.message import EnqueueResponse, PublishResponse

from app.qstash_dev.server import LocalQStash
from tests.support.patience import PATIENCE


@asynccontextmanager
async def official_client(
    qstash: LocalQStash, url: str | None = None
) -> AsyncIterator[AsyncQStash]:
    """``url``: to call with its token; None: itself."""
    client = AsyncQStash(qstash.token, base_url=url or qstash.url, retry=False)
    try:
        yield client
    finally:
        await client.http._client.aclose()  # it has no call of its own for this


@asynccontextmanager
async def by_hand(qstash: LocalQStash) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        base_url=qstash.url,
        headers={"Authorization": f"Bearer {qstash.token}"},
        timeout=PATIENCE,
        trust_env=False,
    ) as caller:
        yield caller


def id_of(answer: object) -> str:
    """Of the one message that was published."""
    assert isinstance(answer, PublishResponse | EnqueueResponse)
    return answer.message_id
