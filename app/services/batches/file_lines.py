"""The lines of a file while it comes in, of which no more than one is kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx2


async def lines_of(
    answer: httpx2.Response, longest: int, *, passing: int = 0
) -> AsyncGenerator[tuple[bytes, bool, int], None]:
    """Each line that is not empty, whether it is whole (of a longer one the rest is passed over),
    and how many bytes stand before what follows it.

    Args:
        passing: bytes before the first line.
    """
    line = bytearray()
    whole = True
    read = passing
    async with aclosing(answer.aiter_bytes()) as parts:
        async for came in parts:
            part, passing = came[passing:], max(passing - len(came), 0)
            *ended, last = part.split(b"\n")
            for end in ended:
                whole = whole and len(line) + len(end) <= longest
                line += end[: longest - len(line)]
                read += len(end) + 1
                if line.strip():
                    yield bytes(line), whole, read
                line.clear()
                whole = True
            whole = whole and len(line) + len(last) <= longest
            line += last[: longest - len(line)]
            read += len(last)
    if line.strip():
        yield bytes(line), whole, read
