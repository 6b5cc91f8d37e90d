"""A file of answers is gone on with behind any of its lines, whatever the provider makes of a
range."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from app.services.batches.endpoint import BatchEndpoint
from app.services.errors import LlmRefused
from tests.support.http import serving

pytestmark = pytest.mark.usefixtures("no_proxy")


def _line(custom_id: str) -> str:
    said = {"custom_id": custom_id, "error": {"message": "Wär's nur größer."}}
    return json.dumps(said, ensure_ascii=False)


IDS = ["call_1", "call_2", "call_3"]
FILE = "".join(f"{_line(one)}\n" for one in IDS)
TAIL = FILE.rstrip("\n")
"""Whose last line has no end."""
GAPS = FILE.replace("\n", "\n\r\n\n")
Provider = Callable[[bytes, int | None], Response]
"""Answers with a content, from a byte on."""
Read = Callable[[int], Awaitable[list[tuple[str | None, int]]]]
"""From an offset on: by whom each line is, and the offset behind it."""


def _part(content: bytes, first: int, **more: str) -> Response:
    """In very small parts."""

    async def bytes_of() -> AsyncIterator[bytes]:
        for at in range(first, len(content), 7):
            yield content[at : at + 7]

    headers = {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}", **more}
    return StreamingResponse(bytes_of(), 206, headers)


def heeds(content: bytes, first: int | None) -> Response:
    return Response(content) if first is None else _part(content, first)


def rounds(content: bytes, first: int | None) -> Response:
    """To blocks of 16 bytes."""
    return Response(content) if first is None else _part(content, first // 16 * 16)


def ignores(content: bytes, _first: int | None) -> Response:
    answer = _part(content, 0)
    answer.status_code = 200
    return answer


def says_nothing(content: bytes, first: int | None) -> Response:
    """Of where the part begins."""
    return Response(content[first or 0 :], 200 if first is None else 206)


def begins_later(content: bytes, first: int | None) -> Response:
    return Response(content) if first is None else _part(content, min(first + 9, len(content) - 1))


def sends_less(content: bytes, first: int | None) -> Response:
    """Than was asked for, as it may."""
    if first is None:
        return Response(content)
    end = min(first + 40, len(content))
    told = {"Content-Range": f"bytes {first}-{end - 1}/{len(content)}"}
    return Response(content[first:end], status_code=206, headers=told)


def packs(content: bytes, first: int | None) -> Response:
    if first is None:
        return Response(content)
    packed = {"Content-Encoding": "gzip"}
    return _part(gzip.compress(content), first % 5, **packed)


def refuses(content: bytes, first: int | None) -> Response:
    return Response(content) if first is None else Response(status_code=416)


def misreads(content: bytes, first: int | None) -> Response:
    return Response(content) if first is None else Response(status_code=400)


@asynccontextmanager
async def _read_from(provider: Provider, content: str) -> AsyncIterator[Read]:
    app = FastAPI()

    @app.get("/v1/files/file-1/content")
    async def content_of(request: Request) -> Response:
        wanted = request.headers.get("Range")
        first = None if wanted is None else int(wanted.removeprefix("bytes=").removesuffix("-"))
        return provider(content.encode(), first)

    async with serving(app) as url:
        endpoint = BatchEndpoint(f"{url}/v1", "sk-1")

        async def read(offset: int) -> list[tuple[str | None, int]]:
            found = endpoint.answers("file-1", largest=1_000, offset=offset)
            return [(None if line is None else line.custom_id, end) async for line, end in found]

        try:
            yield read
        finally:
            await endpoint.aclose()


PROVIDERS = [
    heeds,
    rounds,
    ignores,
    says_nothing,
    begins_later,
    sends_less,
    packs,
    refuses,
    misreads,
]


@pytest.mark.parametrize("content", [FILE, TAIL, GAPS], ids=["file", "tail", "gaps"])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_what_is_read_goes_on_behind_each_line(provider: Provider, content: str) -> None:
    async with _read_from(provider, content) as read:
        whole = await read(0)
        assert [line for line, _ in whole] == IDS
        assert content.encode()[: whole[0][1]].decode().strip() == _line(IDS[0])
        for number, (_, end) in enumerate(whole, start=1):
            assert await read(end) == whole[number:]


@pytest.mark.parametrize("status", [401, 404])
async def test_another_refusal_is_not_of_the_range(status: int) -> None:
    asked: list[int | None] = []

    def provider(_content: bytes, first: int | None) -> Response:
        asked.append(first)
        return Response(status_code=status)

    async with _read_from(provider, FILE) as read:
        with pytest.raises(LlmRefused):
            await read(10)
    assert asked == [9]
