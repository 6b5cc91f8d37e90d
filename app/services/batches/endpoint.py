"""An OpenAI-compatible Batch API: files go up, batches are made of them, files come down.

Every method raises an ``app.services.errors.LlmError`` where it does not get what it asks for, and
tries once: what is called keeps its state there, and whoever calls comes again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar

import httpx2
from pydantic import BaseModel

from app.services.batches.advice import advice_for
from app.services.batches.answer_line import AnswerLine, read_line
from app.services.batches.file_lines import lines_of
from app.services.batches.multipart import UploadedFile
from app.services.batches.pages import all_of, pages_since
from app.services.batches.policy import OF_PROVIDERS, BatchPolicy
from app.services.batches.ranges import REFUSALS, first_byte, range_behind
from app.services.batches.remote_batch import (
    CALLED,
    OWNER,
    WINDOW,
    Listed,
    ListPage,
    RemoteBatch,
    RemoteFile,
)
from app.services.errors import LlmRefused, LlmReplyInvalid, LlmUnavailable
from app.services.http.endpoint import Endpoint
from app.services.http.failures import failure_of, unreachable
from app.services.http.responses import read_body, read_shape
from app.services.http.tls import CONNECT_SECONDS, http_client

MOST_BYTES = 4_000_000
"""Of an answer that is no file: a page of batches, each with its faults."""
SLOWEST = 250_000
"""Bytes a second below which an upload is given up."""
LONGEST_DOWNLOAD = timedelta(hours=1)
Shape = TypeVar("Shape", bound=BaseModel)


class BatchEndpoint:
    """One provider. ``base_url`` None: there is none, and items that ask for it say so.

    Args:
        name: by which families ask for it, and rows know it.
        timeout: seconds of a call, or of an answer's next part.
        settings: with which the names of its settings begin.
    """

    def __init__(
        self,
        base_url: str | None,
        api_key: str | None,
        *,
        name: str = "llm",
        policy: BatchPolicy = OF_PROVIDERS,
        timeout: float = 30.0,
        settings: str = "LLM",
    ) -> None:
        self.name = name
        self.policy = policy
        self.setting = f"{settings}_BASE_URL"
        self._timeout = timeout
        self._endpoint: Endpoint | None = None
        if base_url is not None:
            self._endpoint = Endpoint(base_url, "", api_key, settings=settings)
            self._http = http_client()

    @property
    def is_there(self) -> bool:
        return self._endpoint is not None

    @property
    def doubt(self) -> timedelta:
        """For how long after a call began its effect may not be in a list yet."""
        return timedelta(seconds=self._timeout) + self.policy.settle

    async def upload(self, name: str, size: int, content: AsyncIterator[bytes]) -> RemoteFile:
        file = UploadedFile(name, size, content)
        seconds = self._timeout + size / SLOWEST
        async with (
            aclosing(file.stream()) as body,
            self._sent("POST", "/files", seconds, headers=file.headers, content=body) as answer,
        ):
            return await self._read(answer, RemoteFile)

    async def find_file(self, name: str, since: datetime) -> RemoteFile | None:
        """One of this name that was uploaded since."""
        query = {"purpose": "batch", "order": "desc"}
        async with aclosing(self._listed("/files", ListPage[RemoteFile], since, **query)) as pages:
            async for page in pages:
                for file in page or ():
                    if file.filename == name:
                        return file
        return None

    async def has_file(self, file_id: str, since: datetime) -> bool:
        """Whether the list shows it, or is too long to say that it does not."""
        found = self._listed("/files", ListPage[RemoteFile], since, order="desc")
        async with aclosing(found) as pages:
            async for page in pages:
                if page is None or any(file.id == file_id for file in page):
                    return True
        return False

    async def create(self, owner: str, url: str, file_id: str) -> RemoteBatch:
        """
        Args:
            owner: an id of ours, by which ``find_batches`` knows it again.
            url: of every request in the file.
        """
        asked = {
            "input_file_id": file_id,
            "endpoint": url,
            "completion_window": f"{WINDOW // timedelta(hours=1)}h",
            "metadata": {OWNER: owner},
        }
        # Whoever heeds the header makes one batch of two calls, and for others it changes nothing.
        headers = {"Idempotency-Key": owner}
        async with self._sent(
            "POST", "/batches", self._timeout, json=asked, headers=headers
        ) as answer:
            return await self._read(answer, RemoteBatch)

    async def find_batches(self, owner: str, since: datetime) -> list[RemoteBatch]:
        """Those made for ``owner`` since, the first first; raises where the list is too long."""
        pages = self._listed("/batches", ListPage[RemoteBatch], since)
        found = await all_of(pages, lambda batch: batch.owner == owner)
        return sorted(found, key=lambda batch: (batch.created_at, batch.id))

    async def retrieve(self, batch_id: str) -> RemoteBatch:
        return await self._get(f"/batches/{batch_id}", RemoteBatch)

    async def cancel(self, batch_id: str) -> RemoteBatch:
        path = f"/batches/{batch_id}/cancel"
        async with self._sent("POST", path, self._timeout) as answer:
            return await self._read(answer, RemoteBatch)

    async def answers(
        self, file_id: str, *, largest: int, offset: int = 0
    ) -> AsyncGenerator[tuple[AnswerLine | None, int], None]:
        """The lines of an output or error file, one after the other, each with the offset behind
        it; None: one that says nothing.

        Args:
            largest: see ``read_line``.
            offset: behind a line, as it came from here; the next one is the first.
        """
        # Not by a timeout, which would cut off whoever reads the lines amid what they do with one.
        until = time.monotonic() + LONGEST_DOWNLOAD.total_seconds()
        async with AsyncExitStack() as opened:
            answer, first = await self._opened(opened, f"/files/{file_id}/content", offset)
            found = lines_of(answer, 2 * largest, passing=offset - first)
            async with aclosing(found) as lines:
                async for line, whole, read in lines:
                    if time.monotonic() > until:
                        raise LlmUnavailable(
                            f"File {file_id} was not read within {LONGEST_DOWNLOAD}."
                        )
                    yield read_line(self._told(line), largest=largest, whole=whole), first + read

    async def _opened(
        self, opened: AsyncExitStack, path: str, offset: int
    ) -> tuple[httpx2.Response, int]:
        """A file from ``offset`` on, or from before it: with the offset of the first byte."""
        if offset:
            asked = self._sent("GET", path, None, headers=range_behind(offset))
            try:
                answer = await opened.enter_async_context(asked)
            except LlmRefused as refused:
                if refused.answered not in REFUSALS:
                    raise
            else:
                first = first_byte(answer)
                if first is not None and first <= offset:
                    return answer, first
                await opened.aclose()
        return await opened.enter_async_context(self._sent("GET", path, None)), 0

    async def aclose(self) -> None:
        if self._endpoint is not None:
            await self._http.aclose()

    def _listed(
        self, path: str, shape: type[ListPage[Listed]], since: datetime, **query: str
    ) -> AsyncGenerator[Sequence[Listed] | None, None]:
        async def ask(after: str | None) -> ListPage[Listed]:
            return await self._get(path, shape, {"limit": "100", **query, "after": after})

        return pages_since(since, ask)

    async def _get(
        self, path: str, shape: type[Shape], query: Mapping[str, str | None] | None = None
    ) -> Shape:
        params = {name: value for name, value in (query or {}).items() if value is not None}
        async with self._sent("GET", path, self._timeout, params=params) as answer:
            return await self._read(answer, shape)

    @asynccontextmanager
    async def _sent(
        self,
        method: str,
        path: str,
        seconds: float | None,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        content: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx2.Response]:
        endpoint = self._endpoint
        if endpoint is None:
            raise RuntimeError(f"{self.setting} is unset.")
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
                    raise await failure_of(endpoint, answer, self._timeout, advice_for(path))
                yield answer

    async def _read(self, answer: httpx2.Response, shape: type[Shape]) -> Shape:
        body = await read_body(answer, MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise LlmReplyInvalid(f"The answer is longer than {MOST_BYTES:,} bytes.", text="")
        return read_shape(self._told(body), shape, CALLED.get(shape))

    def _told(self, body: bytes) -> str:
        """Without our key, should it be echoed."""
        text = body.decode(errors="replace")
        return text if self._endpoint is None else self._endpoint.redact(text)
