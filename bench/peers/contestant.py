"""What takes part: its interface, and a worker that is a program."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "bench" / "out" / "peers"
TO_STOP = 8.0
"""Seconds that a program is given before it is killed."""
DEATHS_EVERY = 0.1
"""Seconds between two looks whether a worker has died."""
LAST_WORDS = 2_000
"""Bytes of what a program that died has written."""


@dataclass(frozen=True)
class Place:
    """Where the job is done."""

    database: str
    redis: str
    items: int
    """How many there may be in all: their numbers are 1 to this."""

    def environment(self, worker: int) -> dict[str, str]:
        """No list of processes shows the passwords in it."""
        return {
            **os.environ,
            "PEERS_DATABASE": self.database,
            "PEERS_REDIS": self.redis,
            "PEERS_WORKER": str(worker),
        }


@dataclass(frozen=True)
class Sent:
    """By the clock of ``time.time``: when it was asked for, and when all of it was accepted."""

    began: float
    ended: float


class Worker(Protocol):
    def cpu(self) -> float:
        """Processor seconds until now, of all of its processes."""

    def death(self) -> str | None:
        """How it ended, and its last words; None: it lives, or we ended it."""

    def signal(self, number: signal.Signals) -> None:
        """For all of its processes at once."""

    async def stop(self) -> None: ...


class Contestant(Protocol):
    name: str
    at_once: int
    """Items that one worker has at work at once, when they take time."""

    async def prepare(self, place: Place) -> None:
        """Begin anew: nothing queued, and what puts items into the queue is ready."""

    async def start_worker(self, number: int) -> Worker: ...

    async def enqueue(self, first: int, count: int, seconds: float) -> Sent:
        """So many items, from this number on, each of which takes so long."""

    async def ended_at(self) -> float | None:
        """When the contestant itself had counted the last item it was sent.

        Returns:
            None if it keeps no count: the items' own rows then tell.
        """

    async def stop(self) -> None: ...


class Program:
    """A program and all that it starts, in a session of its own."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, begun: int) -> None:
        """
        Args:
            begun: bytes that the log had before.
        """
        self.process = process
        self._root = psutil.Process(process.pid)
        self._log = log
        self._begun = begun
        self._ended_by_us = False

    @classmethod
    async def started(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: str,
        *,
        talks: bool = False,
    ) -> Program:
        """Args:
        talks: whether it is written to and read from.
        """
        LOGS.mkdir(parents=True, exist_ok=True)
        pipe = asyncio.subprocess.PIPE if talks else None
        path = LOGS / f"{log}.log"
        with path.open("ab") as said:
            begun = said.tell()
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=environment, start_new_session=True,
                stdin=pipe or asyncio.subprocess.DEVNULL, stdout=pipe or said, stderr=said,
            )  # fmt: skip
        return cls(process, path, begun)

    def cpu(self) -> float:
        with suppress(psutil.NoSuchProcess):
            return tree_cpu(self._root)
        return 0.0

    def death(self) -> str | None:
        if self._ended_by_us or self.process.returncode is None:
            return None
        with self._log.open("rb") as said:
            end = said.seek(0, os.SEEK_END)
            said.seek(max(self._begun, end - LAST_WORDS))
            words = said.read().decode(errors="replace").strip()
        how = f"{self._log.stem} ended with {self.process.returncode}"
        return f"{how}, and its last words were:\n{words}" if words else f"{how}, without a word."

    def signal(self, number: signal.Signals) -> None:
        self._ended_by_us = True
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    async def stop(self) -> None:
        self._ended_by_us = True
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(TO_STOP):
                    await self.process.wait()
        self.signal(signal.SIGKILL)  # what it may have left
        await self.process.wait()


class _WorkerDied(Exception):
    """What it was measured for will never be done."""


@asynccontextmanager
async def living(workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Whatever is waited for within is given up as soon as one of the workers has died."""

    async def watch() -> None:
        while True:
            if deaths := [death for worker in workers if (death := worker.death())]:
                raise _WorkerDied("\n".join(deaths))
            await asyncio.sleep(DEATHS_EVERY)

    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch())
            yield
            watching.cancel()
    except* _WorkerDied as died:
        raise SystemExit(str(died.exceptions[0])) from None


def tree_cpu(root: psutil.Process) -> float:
    """Processor seconds of a process and of all that it has started, also of what has ended."""
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])  # user, system, and of children waited for
    return total
