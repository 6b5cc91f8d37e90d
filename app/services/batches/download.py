"""Downloads a file of answers, from behind the lines that are known of it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta

import httpx2

from app.services.batches.answer_line import AnswerLine, read_line
from app.services.batches.api_client import BatchApiClient
from app.services.batches.file_lines import lines_of
from app.services.batches.ranges import REFUSALS, first_byte, range_behind
from app.services.errors import LlmRefused, LlmUnavailable

LONGEST_DOWNLOAD = timedelta(hours=1)


async def download(
    client: BatchApiClient, file_id: str, *, largest: int, offset: int
) -> AsyncGenerator[tuple[AnswerLine | None, int], None]:
    """See ``BatchEndpoint.answers``."""
    # Not by a timeout, which would cut off whoever reads the lines amid what they do with one.
    until = time.monotonic() + LONGEST_DOWNLOAD.total_seconds()
    async with AsyncExitStack() as opened:
        answer, first = await _open(client, opened, f"/files/{file_id}/content", offset)
        found = lines_of(answer, 2 * largest, passing=offset - first)
        async with aclosing(found) as lines:
            async for line, whole, read in lines:
                if time.monotonic() > until:
                    raise LlmUnavailable(f"File {file_id} was not read within {LONGEST_DOWNLOAD}.")
                text = client.text_of(line)
                yield read_line(text, largest=largest, whole=whole), first + read


async def _open(
    client: BatchApiClient, opened: AsyncExitStack, path: str, offset: int
) -> tuple[httpx2.Response, int]:
    """A file from ``offset`` on, or from before it: with the offset of the first byte."""
    if offset:
        asked = client.stream("GET", path, headers=range_behind(offset))
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
    return await opened.enter_async_context(client.stream("GET", path)), 0
