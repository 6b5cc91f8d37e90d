"""The official client of QStash, open for as long as it is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qstash import AsyncQStash

RETRIES = 2
"""Of a call that got no answer."""
PAUSE = 100.0
"""Milliseconds before the first of them, and twice as many before the second."""


@asynccontextmanager
async def open_qstash(token: str, url: str) -> AsyncIterator[AsyncQStash]:
    # Here, because it takes long, and others need none of it.
    from qstash import AsyncQStash  # noqa: PLC0415
    from qstash.http import RetryConfig  # noqa: PLC0415

    retry = RetryConfig(retries=RETRIES, backoff=lambda number: PAUSE * 2**number)
    client = AsyncQStash(token, base_url=url, retry=retry)
    try:
        yield client
    finally:
        await client.http._client.aclose()  # noqa: SLF001 - it has no call of its own for this
