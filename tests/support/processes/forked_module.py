"""A module run as ``python -m`` runs it, in a process that says when it is ready."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.patience import PATIENCE
from tests.support.processes.forking import Forked, fork


@dataclass(frozen=True)
class ForkedModule:
    _process: Forked

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """As ``subprocess`` has it. None: it has not ended."""
        return self._process.returncode

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        while (code := self.returncode) is None:
            await asyncio.sleep(0.005)
        return code


@asynccontextmanager
async def forked_module(
    module: str, *arguments: str, env: Mapping[str, str]
) -> AsyncIterator[ForkedModule]:
    """Start it and wait until it has said that it is ready; whatever happens, it is gone at the
    end. ``env`` is added to the environment, as that is now."""
    ours, theirs = os.pipe()
    try:
        async with asyncio.timeout(PATIENCE):  # off the loop: the first takes some seconds
            process = await asyncio.to_thread(_forked, [module, *arguments], env, theirs)
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    started = ForkedModule(process)
    try:
        async with asyncio.timeout(PATIENCE):
            assert await _said(ours) == b"ready\n", started.returncode
        yield started
    finally:
        os.close(ours)
        started.kill()
        await started.wait()
        process.close()


def _forked(command: list[str], env: Mapping[str, str], output: int) -> Forked:
    with Path(os.devnull).open("rb") as nothing:
        streams = [nothing.fileno(), output, 2]
        return fork(["-m", *command], {**os.environ, **env}, Path.cwd(), streams)


async def _said(told: int) -> bytes:
    """A line, or what was said until the process ended."""
    loop, line, over = asyncio.get_running_loop(), bytearray(), asyncio.Event()

    def read() -> None:
        part = os.read(told, 100)
        line.extend(part)
        if not part or part.endswith(b"\n"):
            over.set()

    loop.add_reader(told, read)
    try:
        await over.wait()
    finally:
        loop.remove_reader(told)
    return bytes(line)
