"""Long work that ends when nobody waits for its answer any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request


@asynccontextmanager
async def while_connected(request: Request) -> AsyncIterator[None]:
    """Cancel what is within when the caller leaves. The body must have been read.

    Raises:
        ClientDisconnect: the caller has left.
    """
    try:
        async with asyncio.timeout(None) as limit:
            watcher = asyncio.create_task(_end_when_left(request, limit))
            try:
                yield
            finally:
                watcher.cancel()
    except TimeoutError:
        if not limit.expired():
            raise
        raise ClientDisconnect from None
    if limit.expired():  # what is within took the cancellation for a failure of its own
        raise ClientDisconnect


async def _end_when_left(request: Request, limit: asyncio.Timeout) -> None:
    try:
        while (await request.receive())["type"] != "http.disconnect":
            pass
    except HTTPException:  # a body that nobody reads, and larger than is read
        return
    limit.reschedule(asyncio.get_running_loop().time())
