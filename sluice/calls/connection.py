"""Calls of one service, made again where that is safe."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

import httpx2

from sluice.calls.address import Address
from sluice.calls.answers import Found, reaching, read, refusal
from sluice.calls.patience import SILENCE, Patience
from sluice.errors import CallRefused, NotConfigured, NotReached
from sluice.models import FamiliesAnswer


class Connection:
    """Every call may be made again: it looks, it carries a key under which it starts one run, or it
    says what is to be, and saying so twice is the same.

    Args:
        url: None: SLUICE_URL.
        token: None: SLUICE_TOKEN.
        timeout: seconds until an answer must come.
        patience: seconds for which a service that is away is asked again.
        transport: in place of the network, for tests.

    Raises:
        NotConfigured: the address or the token cannot be used.
    """

    def __init__(
        self,
        url: str | None,
        token: str | None,
        *,
        timeout: float,
        patience: float,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        named = url or os.environ.get("SLUICE_URL")
        if not named:
            raise NotConfigured("Say where the service is: by url=…, or SLUICE_URL.")
        address = Address.of(named)
        options = address.options(token or os.environ.get("SLUICE_TOKEN") or None, timeout)
        self._shown = address.shown
        self._patience = patience
        self._http = httpx2.AsyncClient(**options, transport=transport)
        self._routes: dict[str, dict[str, str]] = {}

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(self, kind: type[Found], path: str, **query: str | int | None) -> Found:
        return await self._call(kind, "GET", path, query={k: v for k, v in query.items() if v})

    async def post(
        self,
        kind: type[Found],
        path: str,
        body: Mapping[str, Any] | Sequence[Any] | None = None,  # JSON
        *,
        key: str | None = None,
    ) -> Found:
        """
        Args:
            key: under which the same call starts one run.

        Raises:
            NotReached, CallRefused
        """
        return await self._call(kind, "POST", path, body=body, key=key)

    async def route(self, family: str, layer: str) -> str:
        """
        Raises:
            CallRefused: there is no such family.
        """
        if family not in self._routes:
            found = await self.get(FamiliesAnswer, "api/families")
            self._routes = {one.name: one.routes for one in found.families}
        if family not in self._routes:
            known = ", ".join(sorted(self._routes))
            raise CallRefused(
                f"The service has no such family as {family}. It has: {known}.",
                HTTPStatus.NOT_FOUND,
            )
        return self._routes[family][layer]

    async def follow(self, path: str, **query: str) -> AsyncGenerator[httpx2.ServerSentEvent, None]:
        """The messages of a stream, each once, through the service's absences, until nothing
        follows. A service that stops lets its callers go, and is come back to.

        Raises:
            NotReached, CallRefused
        """
        patience, last = Patience(self._patience, answered=True), None
        while True:
            try:
                async with aclosing(self._messages(path, query, last)) as messages:
                    async for message in messages:
                        if message is None:
                            return
                        patience.heard()
                        last = message.id or last
                        yield message
            except (NotReached, CallRefused) as error:
                await _wait(patience, error)
            else:
                await asyncio.sleep(patience.pause())

    async def _messages(
        self, path: str, query: Mapping[str, str], last: str | None
    ) -> AsyncGenerator[httpx2.ServerSentEvent | None, None]:
        """The messages of the stream; None: nothing will follow."""
        headers = {"Accept": "text/event-stream"}
        headers |= {} if last is None else {"Last-Event-ID": last}
        request = self._http.build_request(
            "GET",
            path.lstrip("/"),
            params=query,
            headers=headers,
            timeout=httpx2.Timeout(10, read=SILENCE),
        )
        with reaching(self._shown):
            answer = await self._http.send(request, stream=True)
            try:
                if not answer.is_success:
                    await answer.aread()
                    raise refusal(answer, self._shown)
                if answer.status_code == HTTPStatus.NO_CONTENT:
                    yield None
                    return
                async for message in httpx2.EventSource(answer):
                    yield message
            finally:
                await answer.aclose()

    async def _call(
        self,
        kind: type[Found],
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | Sequence[Any] | None = None,
        key: str | None = None,
    ) -> Found:
        patience = Patience(self._patience, answered=True)
        headers = {} if key is None else {"Idempotency-Key": key}
        while True:
            request = self._http.build_request(
                method, path.lstrip("/"), params=query, json=body, headers=headers
            )
            try:
                with reaching(self._shown):
                    answer = await self._http.send(request)
                if not answer.is_success:
                    raise refusal(answer, self._shown)
                return read(kind, answer.content, self._shown)
            except (NotReached, CallRefused) as error:
                await _wait(patience, error)


async def _wait(patience: Patience, error: NotReached | CallRefused) -> None:
    """Until the next try. Raises ``error`` where that would not help, or there were enough."""
    asked = error.retry_after if isinstance(error, CallRefused) else 0.0
    delay = patience.refused(error.status, asked)
    if delay is None:
        raise error
    await asyncio.sleep(delay)
