"""Calls of a provider's API of files and batches: signed in, of bounded size, each tried once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

import httpx2
from pydantic import BaseModel

from app.services.batches.advice import advice_for
from app.services.batches.pages import pages_since
from app.services.batches.remote_batch import CALLED, Listed, ListPage
from app.services.errors import LlmError, LlmRefused, LlmReplyInvalid, LlmUnavailable
from app.services.http.endpoint import Endpoint
from app.services.http.failures import failure_of, unreachable
from app.services.http.responses import read_body, read_shape
from app.services.http.tls import CONNECT_SECONDS, http_client

MOST_BYTES = 4_000_000
"""Of an answer that is no file: a page of batches, each with its faults."""
UNSUPPORTED = 501
"""Another try changes nothing: the server has no such thing (RFC 9110, section 15.6.2)."""
Shape = TypeVar("Shape", bound=BaseModel)


class BatchApiClient:
    """Every method raises an ``LlmError`` where it does not get what it asks for.

    Args:
        timeout: seconds of a call, or of an answer's next part.
    """

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._http = http_client()

    async def get(
        self, path: str, shape: type[Shape], query: Mapping[str, str] | None = None
    ) -> Shape:
        """
        Args:
            path: behind the base URL.
            shape: of the answer.
        """
        async with self.stream("GET", path, self._timeout, params=query) as answer:
            return await self._read(answer, shape)

    async def post(
        self,
        path: str,
        shape: type[Shape],
        *,
        json: object = None,
        content: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        more_seconds: float = 0.0,
    ) -> Shape:
        """Likewise, of a body as JSON or as bytes.

        Args:
            more_seconds: than any other call, for a body that is long.
        """
        seconds = self._timeout + more_seconds
        async with self.stream(
            "POST", path, seconds, json=json, content=content, headers=headers
        ) as answer:
            return await self._read(answer, shape)

    def listed(
        self, path: str, shape: type[ListPage[Listed]], since: datetime, **query: str
    ) -> AsyncGenerator[Sequence[Listed] | None, None]:
        """The pages of a list: see ``pages_since``."""

        async def ask(after: str | None) -> ListPage[Listed]:
            behind = {} if after is None else {"after": after}
            return await self.get(path, shape, {"limit": "100", **query, **behind})

        return pages_since(since, ask)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        seconds: float | None = None,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        content: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx2.Response]:
        """An answer that is a success, to be read within.

        Args:
            seconds: of the call as a whole; None: as long as each part comes in time.
        """
        endpoint = self._endpoint
        url = endpoint.url.copy_with(path=endpoint.url.path + path)
        with unreachable(endpoint, seconds or self._timeout):
            async with (
                asyncio.timeout(seconds),
                self._http.stream(
                    method,
                    url.copy_merge_params(params) if params else url,
                    content=content,
                    json=json,
                    auth=endpoint.auth,
                    headers={**(headers or {}), "Accept-Encoding": "identity"},
                    timeout=httpx2.Timeout(self._timeout, connect=CONNECT_SECONDS),
                    follow_redirects=False,
                ) as answer,
            ):
                if not answer.is_success:
                    raise await self._failure_of(answer, path)
                yield answer

    def text_of(self, body: bytes) -> str:
        """Without our key, should it be echoed."""
        return self._endpoint.redact(body.decode(errors="replace"))

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _failure_of(self, answer: httpx2.Response, path: str) -> LlmError:
        advice = advice_for(path)
        failure = await failure_of(self._endpoint, answer, self._timeout, advice)
        if isinstance(failure, LlmUnavailable) and failure.answered == UNSUPPORTED:
            what_to_do = advice(UNSUPPORTED).format(self._endpoint.settings)
            return LlmRefused(f"{failure.detail} {what_to_do}", answered=UNSUPPORTED)
        return failure

    async def _read(self, answer: httpx2.Response, shape: type[Shape]) -> Shape:
        body = await read_body(answer, MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise LlmReplyInvalid(f"The answer is longer than {MOST_BYTES:,} bytes.", text="")
        return read_shape(self.text_of(body), shape, CALLED.get(shape))
