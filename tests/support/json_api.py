"""A JSON API on a loopback socket, whose answers a test makes from each request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Request:
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass
class Reply:
    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def bytes(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        head = [f"HTTP/1.1 {self.status} Whatever", "Connection: close"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        head.append(f"Content-Length: {len(body)}")
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@dataclass
class JsonApi:
    answer: Callable[[Request], Reply]
    url: str = ""
    asked: list[Request] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            target = urlsplit(first.split()[1])
            headers = {name.lower(): value for name, value in (x.split(": ", 1) for x in lines)}
            self.asked.append(Request(target.path, dict(parse_qsl(target.query)), headers))
            writer.write(self.answer(self.asked[-1]).bytes())
            await writer.drain()
        writer.close()


@asynccontextmanager
async def json_api(answer: Callable[[Request], Reply]) -> AsyncIterator[JsonApi]:
    api = JsonApi(answer)
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    api.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield api
