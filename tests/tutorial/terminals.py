"""Two terminals: one in which commands follow one another, one in which something goes on."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 60.0
"""Seconds in which what goes on in the other terminal must say that it is up, or end."""


class Shell:
    """A bash that keeps its folder and its variables from one command to the next."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, text: str) -> tuple[int, str]:
        """The exit code of its last line that ran, and what was printed. A line that fails is the
        last one."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        mark = secrets.token_hex(8)
        lines = " && ".join(f"{{ {line}\n}}" for line in text.strip().splitlines())
        self._bash.stdin.write(f'{lines}\necho "{mark} $? $PWD"\n')
        self._bash.stdin.flush()
        printed = []
        for line in self._bash.stdout:
            before, found, after = line.partition(mark)
            printed.append(before)
            if found:
                code, folder = after.split(maxsplit=1)
                self.folder = Path(folder.strip())
                return int(code), "".join(printed)
        raise AssertionError(f"The shell has ended: {''.join(printed)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._bash.kill()
        self._bash.communicate()


class OtherTerminal:
    """Holds one command at a time."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None
        self._looked_at = 0

    def start(self, text: str, folder: Path, is_up: Callable[[str], bool]) -> None:
        """Returns when what it prints says that it is up."""
        with self._log.open("wb") as log:
            self._running = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-c", text],
                cwd=folder, env=self._environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._looked_at = 0
        self.wait(is_up)

    def wait(self, is_it: Callable[[str], bool]) -> None:
        """Returns when what was printed since the last look is what is waited for."""
        until = time.monotonic() + PATIENCE
        while not is_it((printed := self._log.read_text("utf-8"))[self._looked_at :]):
            assert self._running is not None
            assert self._running.poll() is None, printed
            assert time.monotonic() < until, printed
            time.sleep(0.1)
        self._looked_at = len(printed)

    def stop(self) -> None:
        """What Ctrl-C does: everything in the terminal is asked to end."""
        if self._running is None:
            return
        os.killpg(self._running.pid, signal.SIGINT)
        self._running.wait(PATIENCE)
        self._running = None
