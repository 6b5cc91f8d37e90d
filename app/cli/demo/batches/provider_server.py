"""The local provider on a port of this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from app.cli.demo.batches.local_provider import LocalProvider, ProviderRefusal
from app.cli.server.uvicorn import bind, listening, url_of

KEY = "sk-local-batches"
Door = Callable[[str], Awaitable[Response | None]]
"""Is told of a call, such as ``POST /v1/batches``; what it returns is the answer in place of the
provider's own."""


async def _open(_call: str) -> Response | None:
    return None


@dataclass(slots=True)
class ProviderServer:
    """
    Args:
        before, after: of each call: before it has any effect, and when it has had it.
        key: without which nobody is answered.
        ranges: a file may be asked for from some byte on.
        send: a file's content, in the answer.
    """

    provider: LocalProvider
    key: str = KEY
    before: Door = _open
    after: Door = _open
    ranges: bool = True
    send: Callable[[bytes], Response] = Response
    url: str = ""
    calls: list[str] = field(default_factory=list)

    async def handle(self, request: Request) -> Response:
        call = f"{request.method} {request.url.path}"
        self.calls.append(call)
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return _refusal(401, f"Incorrect API key: {request.headers.get('Authorization')}")
        body = await request.body()
        instead = await self.before(call)
        if instead is None:
            try:
                answer = self._answer(request, call, body)
            except ProviderRefusal as refused:
                answer = _refusal(refused.status, str(refused))
            instead = await self.after(call)
        return answer if instead is None else instead

    def _answer(self, request: Request, call: str, body: bytes) -> Response:
        provider = self.provider
        method, _, path = call.partition(" ")
        kind, *rest = path.removeprefix("/v1/").split("/")
        query = request.query_params
        match method, kind, rest:
            case "POST", "files", []:
                content_type = request.headers["Content-Type"]
                return JSONResponse(provider.upload(content_type, body).shown())
            case "GET", "files", [file_id, "content"]:
                return self._sent(provider.file(file_id).content, request.headers.get("Range"))
            case "GET", "files" | "batches", []:
                after, limit = query.get("after"), int(query.get("limit", 20))
                return JSONResponse(provider.listed(kind, after, limit, query.get("purpose")))
            case "POST", "batches", []:
                return JSONResponse(provider.create(json.loads(body)).shown())
            case "GET", "batches", [batch_id]:
                return JSONResponse(provider.batch(batch_id).shown())
            case "POST", "batches", [batch_id, "cancel"]:
                return JSONResponse(provider.cancel(batch_id).shown())
        return _refusal(404, f"Unknown request URL: {call}")

    def _sent(self, content: bytes, wanted: str | None) -> Response:
        if wanted is None or not self.ranges:
            return self.send(content)
        first = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if first >= len(content):
            return _refusal(416, "The range begins behind the file's end.")
        answer = self.send(content[first:])
        answer.status_code = 206
        answer.headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        return answer


@asynccontextmanager
async def provider_server(provider: LocalProvider, **more: Any) -> AsyncIterator[ProviderServer]:
    """On a port that is free. ``more``: see ``ProviderServer``."""
    app = FastAPI()
    app.state.stopping = asyncio.Event()
    server = ProviderServer(provider, **more)
    app.add_api_route("/{path:path}", server.handle, methods=["GET", "POST"])
    with bind("127.0.0.1", 0) as bound:
        server.url = f"{url_of(bound)}/v1"
        async with listening(app, bound, stop_timeout=1):
            yield server


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message, "code": None}}, status)
