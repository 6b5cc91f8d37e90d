"""Connections that ask nothing whole.

Run as ``python -m tests.support.network.half_open PORT NUMBER``, it holds so many, opens anew what
is closed, and says ``open`` once all have been.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

BEGUN = [
    b"",
    b"GET /healthz HTTP/1.1\r\nHost: here\r\n",
    b"POST /api/session HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{",
]
"""Nothing at all, half a head, half a body."""
AGAIN = 1.0
"""Seconds after which the first of those that were closed is opened anew; the last takes twice as
long, for they are as many callers, and not one that does all at the same moment."""


@contextmanager
def half_open(port: int, number: int) -> Iterator[None]:
    """They stand while the context is open, in a process of their own."""
    command = [sys.executable, "-m", "tests.support.network.half_open", str(port), str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"open\n"
            yield
        finally:
            process.kill()


async def _hold(port: int, begun: bytes, again: float, opened: asyncio.Event) -> None:
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(begun)
            opened.set()
            await reader.read()
            writer.close()
        await asyncio.sleep(again)


async def _main(port: int, number: int) -> None:
    opened = [asyncio.Event() for _ in range(number)]
    holding = [
        asyncio.create_task(_hold(port, BEGUN[n % len(BEGUN)], AGAIN * (1 + n / number), event))
        for n, event in enumerate(opened)
    ]
    await asyncio.gather(*(event.wait() for event in opened))
    sys.stdout.write("open\n")
    sys.stdout.flush()
    await asyncio.gather(*holding)


if __name__ == "__main__":
    os.nice(19)  # they would call from elsewhere, and take nothing of this processor
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
