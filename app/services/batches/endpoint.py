"""An OpenAI-compatible Batch API: files go up, batches are made of them, files come down.

Every method raises an ``app.services.errors.LlmError`` where it does not get what it asks for, and
tries once: what is called keeps its state there, and whoever calls comes again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta

from app.services.batches.answer_line import AnswerLine
from app.services.batches.api_client import BatchApiClient
from app.services.batches.download import download
from app.services.batches.multipart import UploadedFile
from app.services.batches.pages import all_of
from app.services.batches.policy import OF_PROVIDERS, BatchPolicy
from app.services.batches.remote_batch import OWNER, WINDOW, ListPage, RemoteBatch, RemoteFile
from app.services.http.endpoint import Endpoint

SLOWEST = 250_000
"""Bytes a second below which an upload is given up."""


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
        self.doubt = timedelta(seconds=timeout) + policy.settle
        """For how long after a call began its effect may not be in a list yet."""
        self._client: BatchApiClient | None = None
        if base_url is not None:
            endpoint = Endpoint(base_url, "", api_key, settings=settings)
            self._client = BatchApiClient(endpoint, timeout)

    @property
    def is_there(self) -> bool:
        return self._client is not None

    @property
    def _api(self) -> BatchApiClient:
        if self._client is None:
            raise RuntimeError(f"{self.setting} is unset.")
        return self._client

    async def upload(self, name: str, size: int, content: AsyncIterator[bytes]) -> RemoteFile:
        file = UploadedFile(name, size, content)
        more = size / SLOWEST
        async with aclosing(file.stream()) as body:
            return await self._api.post(
                "/files", RemoteFile, content=body, headers=file.headers, more_seconds=more
            )

    async def find_file(self, name: str, since: datetime) -> RemoteFile | None:
        """One of this name that was uploaded since."""
        query = {"purpose": "batch", "order": "desc"}
        found = self._api.listed("/files", ListPage[RemoteFile], since, **query)
        async with aclosing(found) as pages:
            async for page in pages:
                for file in page or ():
                    if file.filename == name:
                        return file
        return None

    async def has_file(self, file_id: str, since: datetime) -> bool:
        """Whether the list shows it, or is too long to say that it does not.

        Raises:
            ListRefused
        """
        found = self._api.listed("/files", ListPage[RemoteFile], since, order="desc")
        async with aclosing(found) as pages:
            async for page in pages:
                if page is None or any(file.id == file_id for file in page):
                    return True
        return False

    def answers(
        self, file_id: str, *, largest: int, offset: int = 0
    ) -> AsyncGenerator[tuple[AnswerLine | None, int], None]:
        """The lines of an output or error file, one after the other, each with the offset behind
        it; None: one that says nothing.

        Args:
            largest: see ``read_line``.
            offset: behind a line, as it came from here; the next one is the first.
        """
        return download(self._api, file_id, largest=largest, offset=offset)

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
        return await self._api.post("/batches", RemoteBatch, json=asked, headers=headers)

    async def find_batches(self, owner: str, since: datetime) -> list[RemoteBatch]:
        """Those made for ``owner`` since, the first first.

        Raises:
            ListRefused
            ListTooLong
        """
        async with aclosing(self._api.listed("/batches", ListPage[RemoteBatch], since)) as pages:
            found = await all_of(pages, lambda batch: batch.owner == owner)
        return sorted(found, key=lambda batch: (batch.created_at, batch.id))

    async def retrieve(self, batch_id: str) -> RemoteBatch:
        return await self._api.get(f"/batches/{batch_id}", RemoteBatch)

    async def cancel(self, batch_id: str) -> RemoteBatch:
        return await self._api.post(f"/batches/{batch_id}/cancel", RemoteBatch)

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
