"""Modules of this folder as processes of their own, each of which says when it is ready."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.support import ROOT


@asynccontextmanager
async def process_of(
    module: str, *what: str, **env: str
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The line by which it says that it is ready, and itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *what, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        # No list of processes shows the passwords in them.
        env={**os.environ, **env},
    )  # fmt: skip
    try:
        line = b"" if process.stdout is None else await process.stdout.readline()
        if not line:
            raise SystemExit(f"{module} {' '.join(what)} did not start.")
        yield line.decode().strip(), process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def ready_until_told(line: str) -> None:
    """Within such a process: say this, and go on until it is terminated."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(line, flush=True)
    await stop.wait()
