"""Where messages go in these tests: a server that remembers what came, and answers as told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.support.http import serving
from tests.support.patience import PATIENCE


@dataclass(frozen=True)
class Arrival:
    """What came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["upstash-message-id"]

    @property
    def retried(self) -> int:
        return int(self.headers["upstash-retried"])


@dataclass
class Destination:
    """
    Args:
        answers: by path: statuses and headers, the last of which is given again and again; 200
            where there is none.
        takes: seconds until it answers.
        opens: by path: it answers once this is set.
        most: by path, how many calls were under way at once.
    """

    url: str = ""
    answers: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    takes: float = 0.0
    opens: dict[str, asyncio.Event] = field(default_factory=dict)
    arrived: list[Arrival] = field(default_factory=list)
    at_once: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    def forget(self) -> None:
        """Be as at the start."""
        for kept in (self.answers, self.opens, self.arrived, self.at_once, self.most):
            kept.clear()
        self.takes = 0.0

    def at(self, path: str) -> list[Arrival]:
        return [one for one in self.arrived if one.path == path]

    async def came(self, number: int, path: str | None = None) -> None:
        """Return once so many calls have come, of which some may not be answered yet."""
        async with asyncio.timeout(PATIENCE):
            while len(self.arrived if path is None else self.at(path)) < number:
                await self._came.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.url.path
        self.at_once[path] += 1
        self.most[path] = max(self.most[path], self.at_once[path])
        try:
            body = await request.body()
            self.arrived.append(
                Arrival(request.method, path, request.url.query, request.headers, body)
            )
            self._came.set()
            self._came = asyncio.Event()
            if path in self.opens:
                await self.opens[path].wait()
            await asyncio.sleep(self.takes)
        finally:
            self.at_once[path] -= 1
        status, headers = self._answer(path)
        await Response(f"answer of {path}", status, headers)(scope, receive, send)

    def _answer(self, path: str) -> tuple[int, dict[str, str]]:
        answers = self.answers.get(path, [(200, {})])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@asynccontextmanager
async def a_destination() -> AsyncIterator[Destination]:
    destination = Destination()
    async with serving(destination) as url:
        destination.url = url
        yield destination
