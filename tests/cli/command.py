"""The ``sluice`` command as a user has it: a process, with an environment of its own."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import service
from tests.support.http import OPS, listening
from tests.support.processes import forking

SECRET = "secret-of-the-cli-tests-0123456789"
SLUICE = Path(sys.executable).with_name("sluice")


@dataclass(frozen=True)
class Sluice:
    env: Mapping[str, str]

    def run(self, *args: str, text: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """``text``: what the command reads."""
        given = {**self.env, **env}
        folder = Path(self.env["SLUICE_DATA_DIR"])
        return forking.run([str(SLUICE), *args], given, folder, text, timeout=60)

    def refused(self, *args: str, **env: str) -> str:
        """The sentence after ``error:``, of a command that must fail with nothing else."""
        ended = self.run(*args, **env)
        assert ended.returncode == 2, ended
        assert ended.stdout == ""
        assert ended.stderr.startswith("error: ")
        assert "Traceback" not in ended.stderr
        return ended.stderr.removeprefix("error: ").strip()

    def start(
        self, *args: str, log: Path, descriptors: int | None = None
    ) -> subprocess.Popen[bytes]:
        """``descriptors``: how many it may have open; None: as many as we may."""
        fewer = (
            [] if descriptors is None else ["sh", "-c", f'ulimit -n {descriptors}; exec "$0" "$@"']
        )
        with log.open("wb") as output:
            return subprocess.Popen(
                [*fewer, SLUICE, *args],
                env=dict(self.env),
                cwd=self.env["SLUICE_DATA_DIR"],
                stdout=output,
                stderr=output,
            )


def wait_for(text: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while text not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(30)
    finally:
        process.kill()
        process.wait()


class Command:
    """``sluice`` in a process, while this one serves it."""

    def __init__(self, url: str, folder: Path) -> None:
        own = {"SLUICE_URL": url, "SLUICE_TOKEN": OPS, "SLUICE_DATA_DIR": str(folder)}
        self.sluice = Sluice({**os.environ, **own})

    async def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(self.sluice.run, *args)

    async def says(self, *args: str) -> str:
        """What a command prints that must do its work."""
        ended = await self.run(*args)
        assert (ended.returncode, ended.stderr) == (0, ""), ended
        return ended.stdout

    async def refused(self, *args: str) -> str:
        return await asyncio.to_thread(self.sluice.refused, *args)

    async def on_a_terminal(self, *args: str, answer: str) -> tuple[int, str]:
        return await asyncio.to_thread(self._on_a_terminal, args, answer)

    def _on_a_terminal(self, args: tuple[str, ...], answer: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [SLUICE, *args], env=dict(self.sluice.env), stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        shown = b""
        try:
            while b"[y/N]" not in shown:
                shown += os.read(ours, 1_000)
            os.write(ours, f"{answer}\n".encode())
            while True:
                shown += os.read(ours, 1_000)
        except OSError:  # the process has closed its end
            return process.wait(30), shown.decode()
        finally:
            process.kill()
            process.wait()
            os.close(ours)


@dataclass(frozen=True)
class Commanding:
    """Serves a service of this process, and gives the command that calls it."""

    folder: Path

    @asynccontextmanager
    async def __call__(self, sluice: service.Sluice) -> AsyncIterator[Command]:
        async with listening(sluice) as caller:
            yield Command(str(caller.base_url), self.folder)
