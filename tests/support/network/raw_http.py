"""HTTP by hand, against the server that ``sluice serve`` has: what no client library would send."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop
from fastapi import FastAPI

from app.api.problems import MEDIA_TYPE
from app.cli.server.limits import ServerLimits
from app.cli.server.uvicorn import bind, listening
from tests.support.patience import PATIENCE


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self, status: int) -> str:
        """What the problem document of this status says."""
        assert self.status == status, self
        assert self.headers["content-type"] == MEDIA_TYPE
        assert self.headers["connection"] == "close"
        document: dict[str, Any] = json.loads(self.body)
        assert document["status"] == status
        assert document["success"] is False
        assert document["detail"] == document["error"]
        return str(document["detail"])


@dataclass
class Caller:
    """One connection."""

    connection: socket.socket
    _read: bytes = field(default=b"", init=False)

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def trickle(self, data: bytes) -> float:
        """Send it byte by byte until there is an answer. Returns how many seconds that took."""
        began = time.monotonic()
        self.connection.settimeout(0.02)
        for byte in data:
            try:
                self.send(bytes([byte]))
                self._more()
            except TimeoutError:
                continue
            self.connection.settimeout(PATIENCE)
            return time.monotonic() - began
        raise AssertionError("nobody answered")

    def line(self) -> bytes:
        return self._until(b"\r\n")

    def answer(self) -> Answer:
        """The next one. It has a stated length, or is chunked."""
        status = int(self.line().split()[1])
        headers = {}
        while line := self.line():
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        if headers.get("transfer-encoding") != "chunked":
            return Answer(status, headers, self._exactly(int(headers["content-length"])))
        body = b""
        while size := int(self.line(), 16):
            body += self._exactly(size)
            self._exactly(2)
        self._exactly(2)
        return Answer(status, headers, body)

    def is_closed(self) -> bool:
        """It is, once all that is still to be read has been."""
        try:
            assert self._read == b""
            return self.connection.recv(1) == b""
        except ConnectionResetError:
            return True

    def _until(self, end: bytes) -> bytes:
        while end not in self._read:
            self._more()
        found, self._read = self._read.split(end, 1)
        return found

    def _exactly(self, length: int) -> bytes:
        while len(self._read) < length:
            self._more()
        found, self._read = self._read[:length], self._read[length:]
        return found

    def _more(self) -> None:
        more = self.connection.recv(65_536)
        if not more:
            raise EOFError(self._read)
        self._read += more


@contextmanager
def calling(port: int) -> Iterator[Caller]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        yield Caller(connection)


@contextmanager
def served(app: FastAPI, limits: ServerLimits) -> Iterator[int]:
    """The port behind which the app is, on a loop of its own as ``sluice serve`` has one."""
    app.state.stopping = asyncio.Event()
    ready, stop = threading.Event(), threading.Event()

    with bind("127.0.0.1", 0) as bound:
        port: int = bound.getsockname()[1]

        async def serve() -> None:
            async with listening(app, bound, stop_timeout=1, limits=limits):
                ready.set()
                await asyncio.to_thread(stop.wait)

        def run() -> None:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serve())

        thread = threading.Thread(target=run)
        thread.start()
        try:
            assert ready.wait(PATIENCE)
            yield port
        finally:
            stop.set()
            thread.join(PATIENCE)
            assert not thread.is_alive()
