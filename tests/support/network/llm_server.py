"""An OpenAI-compatible endpoint on a loopback socket, which answers what a test tells it to."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress

LINES = ["Plan a tea tasting", "Explain primes", "Quiz me on Euler", "Tea for four", "A", "B"]


def response(status: int, body: bytes, *headers: str, length: int | None = None) -> bytes:
    """A whole HTTP/1.1 response, after which the connection closes."""
    head = [f"HTTP/1.1 {status} Whatever", "Connection: close", *headers]
    head.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def completion(content: str | None, **more: object) -> bytes:
    """The body of a chat completion whose message is ``content``."""
    message = {"role": "assistant", "content": content, "refusal": more.pop("refusal", None)}
    choice = {"index": 0, "message": message, "finish_reason": "stop", **more}
    return json.dumps({"id": "chatcmpl-1", "choices": [choice]}).encode()


GOOD = response(200, completion(json.dumps({"lines": LINES})))
UNWELL = response(500, b'{"error": {"message": "The server had an error."}}')


class Server:
    """Gives one answer per request, the last one for ever; None is a request never answered.

    With ``holds`` it leaves the connection open after its answer, however short that was.
    """

    def __init__(self) -> None:
        self.answers: list[bytes | None] = [GOOD]
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.asked: list[float] = []
        """When each request came, by the monotonic clock."""
        self.sent = 0
        self.holds = False
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    async def stop(self) -> None:
        self._closing.set()
        self._server.close()
        await asyncio.gather(*self._tasks)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = {name.lower(): value for name, value in (x.split(": ", 1) for x in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
            self.requests.append((first, headers, body))
            self.asked.append(time.monotonic())
            if answer is None:
                await self._closing.wait()
            else:
                await self._send(writer, answer)
            if self.holds:
                await self._closing.wait()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        for start in range(0, len(answer), 65_536):
            part = answer[start : start + 65_536]
            writer.write(part)
            await writer.drain()
            self.sent += len(part)
