"""The lines of a file while it comes in, of which no more than one is kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx2


async def lines_of(
    answer: httpx2.Response, longest: int
) -> AsyncGenerator[tuple[bytes, bool], None]:
    """Each line that is not empty, and whether it is whole: of a longer one the rest is passed
    over."""
    line = bytearray()
    whole = True
    async with aclosing(answer.aiter_bytes()) as parts:
        async for part in parts:
            *ended, last = part.split(b"\n")
            for end in ended:
                whole = whole and len(line) + len(end) <= longest
                line += end[: longest - len(line)]
                if line.strip():
                    yield bytes(line), whole
                line.clear()
                whole = True
            whole = whole and len(line) + len(last) <= longest
            line += last[: longest - len(line)]
    if line.strip():
        yield bytes(line), whole
