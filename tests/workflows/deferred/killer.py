"""Kills whoever looks after a provider's batch, at one of its calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from fastapi import Response
from fastapi.responses import StreamingResponse

from app.cli.demo.batches.local_provider import LocalProvider

UPLOAD, CREATE = "POST /v1/files", "POST /v1/batches"
LOOK, READ, CANCEL = "GET /v1/batches/", "GET /v1/files/", "POST /v1/batches/"


class Killable(Protocol):
    async def kill(self) -> None: ...


class Killer:
    """Kills ``victim`` at the first call that begins so."""

    def __init__(self, call: str) -> None:
        self.call = call
        self.victim: Killable | None = None
        self.struck = asyncio.Event()

    async def __call__(self, call: str) -> Response | None:
        if self.struck.is_set() or self.victim is None or not call.startswith(self.call):
            return None
        await self.victim.kill()
        self.struck.set()
        return Response(status_code=503)  # nobody is there to read it


class Stuck:
    """Answers a file with so many of its lines, and then nothing, until it ``goes``."""

    def __init__(self, provider: LocalProvider, lines: int) -> None:
        self.goes = asyncio.Event()
        self._provider = provider
        self._lines = lines

    async def __call__(self, call: str) -> Response | None:
        if self.goes.is_set() or not call.startswith(READ):
            return None
        content = self._provider.file(call.split("/")[-2]).content
        return StreamingResponse(self._some(content.splitlines(keepends=True)))

    async def _some(self, lines: list[bytes]) -> AsyncIterator[bytes]:
        yield b"".join(lines[: self._lines])
        await self.goes.wait()
