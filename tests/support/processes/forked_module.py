"""A module run as ``python -m`` runs it, in a process that need not load the service: forked from
one that has, because to load it takes longer than most of these processes live."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import runpy
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from threading import Event, Lock

from tests.support.patience import PATIENCE

MODULES = ["app.main", "tests.support.service", "uvloop"]

_FORKING = multiprocessing.get_context("forkserver")
_LOADING, _LOADED = Lock(), Event()


@dataclass(frozen=True)
class ForkedModule:
    _process: ForkServerProcess

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """As ``subprocess`` has it. None: it has not ended."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """To nobody, once it has ended: its number may be another process's by then."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

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
    async with asyncio.timeout(PATIENCE):
        await asyncio.to_thread(_load)
    ours, theirs = _FORKING.Pipe(duplex=False)
    own = {**os.environ, **env}
    process = _FORKING.Process(target=_run, args=(module, arguments, own, theirs), daemon=True)
    process.start()
    theirs.close()
    started = ForkedModule(process)
    try:
        with ours:
            async with asyncio.timeout(PATIENCE):
                assert await _said(ours) == b"ready\n", started.returncode
        yield started
    finally:
        started.kill()
        await started.wait()


async def _said(told: Connection) -> bytes:
    """A line, or what was said until the process ended."""
    loop, line, over = asyncio.get_running_loop(), bytearray(), asyncio.Event()

    def read() -> None:
        part = os.read(told.fileno(), 100)
        line.extend(part)
        if not part or part.endswith(b"\n"):
            over.set()

    loop.add_reader(told.fileno(), read)
    try:
        await over.wait()
    finally:
        loop.remove_reader(told.fileno())
    return bytes(line)


def _load() -> None:
    """Return once there is a process to fork from, which takes some seconds the first time: it
    answers nobody until it has loaded everything."""
    with _LOADING:
        if not _LOADED.is_set():
            _FORKING.set_forkserver_preload(MODULES)
            first = _FORKING.Process(target=_nothing, daemon=True)
            first.start()
            first.join()
            _LOADED.set()


def _nothing() -> None:
    """What the first process does."""


def _run(module: str, arguments: tuple[str, ...], env: Mapping[str, str], told: Connection) -> None:
    os.environ.clear()  # it is that of when the process began that this one is forked from
    os.environ.update(env)
    time.tzset()
    os.dup2(told.fileno(), 1)
    told.close()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
