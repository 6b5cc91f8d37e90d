"""What is said of a call about files or batches that is refused, or answered oddly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import Response
from fastapi.responses import JSONResponse

from app.cli.demo.batches.local_provider import LocalProvider
from app.cli.demo.batches.provider_server import provider_server
from app.services.batches.endpoint import BatchEndpoint
from app.services.errors import LlmRefused, LlmReplyInvalid

pytestmark = pytest.mark.usefixtures("no_proxy")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Call = Callable[[BatchEndpoint], Awaitable[Any]]


async def _content() -> AsyncIterator[bytes]:
    yield b"{}"


async def _answers(api: BatchEndpoint) -> None:
    async for _ in api.answers("file-1", largest=100):
        pass


CALLS: dict[str, Call] = {
    "upload": lambda api: api.upload("batch_1.jsonl", 2, _content()),
    "create": lambda api: api.create("batch_1", "/v1/embeddings", "file-1"),
    "retrieve": lambda api: api.retrieve("batch_1"),
    "answers": _answers,
    "batches": lambda api: api.find_batches("batch_1", EPOCH),
    "files": lambda api: api.has_file("file-1", EPOCH),
}
GONE = "If it is there all the same, check OTHER_BASE_URL."
LISTS = "Check OTHER_BASE_URL, which usually ends in /v1: /files and /batches must be there."
REQUESTS = "Check what the requests ask for, and OTHER_BASE_URL."


async def _refused(call: Call, answer: Response) -> str:
    async def door(_call: str) -> Response:
        return answer

    async with provider_server(LocalProvider(), before=door) as server:
        api = BatchEndpoint(server.url, server.key, name="other", settings="OTHER")
        try:
            with pytest.raises((LlmRefused, LlmReplyInvalid)) as raised:
                await call(api)
        finally:
            await api.aclose()
    return raised.value.detail


@pytest.mark.parametrize(
    ("call", "status", "advice"),
    [
        ("retrieve", 404, GONE),
        ("answers", 404, GONE),
        ("batches", 404, LISTS),
        ("files", 405, LISTS),
        ("upload", 404, LISTS),
        ("batches", 501, LISTS),
        ("retrieve", 501, LISTS),
        ("create", 400, REQUESTS),
        ("create", 403, "Check that OTHER_API_KEY may use files and batches."),
        ("retrieve", 401, "Check OTHER_API_KEY."),
    ],
)
async def test_a_refusal_says_what_to_do_and_names_no_model(
    call: str, status: int, advice: str
) -> None:
    answer = JSONResponse({"error": {"message": "No."}}, status)
    assert (await _refused(CALLS[call], answer)).endswith(
        f"answered {status}. It said: 'No.' {advice}"
    )


@pytest.mark.parametrize(
    ("call", "called"),
    [
        ("retrieve", "a batch"),
        ("upload", "a file"),
        ("batches", "a list of batches"),
        ("files", "a list of files"),
    ],
)
async def test_an_odd_answer_is_said_not_to_be_what_people_call_it(call: str, called: str) -> None:
    said = await _refused(CALLS[call], JSONResponse({"data": 1}))
    assert said.startswith(f"The reply is not {called}: ")
