"""Processes that need not load the service: forked from one that has.

Loading takes longer than most of them live. Everything else is as it is for a user: each is a
process of its own, with its own environment, folder, files and exit code. Run as a module, this is
the process that is forked.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

import httpx2

ROOT = Path(__file__).resolve().parents[3]
_OPENING = Lock()


@dataclass(slots=True)
class Forked:
    """A process that was forked, as ``subprocess`` has one."""

    command: Sequence[str]
    pid: int
    _told: socket.socket
    _code: int | None = None

    @property
    def returncode(self) -> int | None:
        """None: it has not ended."""
        if self._code is None:
            with suppress(BlockingIOError):
                self._hear(socket.MSG_DONTWAIT)
        return self._code

    def wait(self, timeout: float) -> int:
        """
        Raises:
            TimeoutExpired: it took longer, and was killed.
        """
        self._told.settimeout(timeout)
        try:
            return self._hear() if self._code is None else self._code
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(self.command, timeout) from None

    def send_signal(self, number: signal.Signals) -> None:
        """To nobody, once it has ended: its number may be another process's by then."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def close(self) -> None:
        """Hear no more of it."""
        self._told.close()

    def _hear(self, flags: int = 0) -> int:
        told = _said(self._told, self.command, flags)
        self._code = int.from_bytes(told, "big", signed=True)
        return self._code


@dataclass(frozen=True)
class _Server:
    asking: socket.socket
    turn: Lock = field(default_factory=Lock)


def fork(
    command: Sequence[str], env: Mapping[str, str], cwd: Path, streams: Sequence[int]
) -> Forked:
    """Start a process, and return once it has begun: the first time, that takes some seconds.

    Args:
        command: what would follow ``python``: a file, or ``-m`` and a module; and its arguments.
        streams: files that it has as its standard input, output and error.
    """
    with _OPENING:
        server = _server()
    ours, theirs = socket.socketpair()
    order = json.dumps({"command": list(command), "env": dict(env), "cwd": str(cwd)}).encode()
    with theirs, server.turn:  # tests ask from threads, and an order is sent in two parts
        files = [theirs.fileno(), *streams]
        socket.send_fds(server.asking, [len(order).to_bytes(4, "big")], files)
        server.asking.sendall(order)
    return Forked(command, int.from_bytes(_said(ours, command), "big"), ours)


def run(
    command: Sequence[str], env: Mapping[str, str], cwd: Path, text: str, timeout: float
) -> subprocess.CompletedProcess[str]:
    """As ``subprocess.run``. ``text`` is what the command reads."""
    with TemporaryFile() as given, TemporaryFile() as said, TemporaryFile() as faults:
        given.write(text.encode())
        given.seek(0)
        forked = fork(command, env, cwd, [given.fileno(), said.fileno(), faults.fileno()])
        try:
            code = forked.wait(timeout)
        finally:
            forked.close()
        return subprocess.CompletedProcess(command, code, _read(said), _read(faults))


def _said(ours: socket.socket, command: Sequence[str], flags: int = 0) -> bytes:
    told = ours.recv(4, flags)
    if not told:
        raise RuntimeError(f"Whoever was to run {' '.join(command)} ended without a word.")
    return told


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _server() -> _Server:
    """One for each process of the tests, begun by the first of them that needs it."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tests.support.processes.forking", str(theirs.fileno())]
    with theirs:
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])

    def end() -> None:
        ours.close()
        process.wait(10)

    atexit.register(end)
    return _Server(ours)


def _serve(asking: socket.socket) -> None:
    """Fork for every order, until there is nobody who could give one."""
    while True:
        head, files, _, _ = socket.recv_fds(asking, 4, 4)
        if not head:
            return
        left = int.from_bytes(head, "big")
        parts = []
        while left:
            part = asking.recv(left)
            if not part:
                return  # whoever gave the order has ended in the middle of it
            parts.append(part)
            left -= len(part)
        if os.fork() == 0:
            asking.close()
            os._exit(_watched(json.loads(b"".join(parts)), *files))
        for file in files:
            os.close(file)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _watched(order: Mapping[str, object], telling: int, *streams: int) -> int:
    """Fork the command itself, and tell who it is and how it ended."""
    command = os.fork()
    if command == 0:
        os.close(telling)
        _become(order, streams)
    for stream in streams:
        os.close(stream)  # whoever reads what it says sees its end
    with suppress(BrokenPipeError):  # whoever asked has given up
        os.write(telling, command.to_bytes(4, "big"))
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    with suppress(BrokenPipeError):
        os.write(telling, code.to_bytes(4, "big", signed=True))
    return 0


def _become(order: Mapping[str, object], streams: Sequence[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    assert isinstance(order["command"], list)
    assert isinstance(order["env"], dict)
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    os.chdir(str(order["cwd"]))
    first, *arguments = order["command"]
    code: object = 0
    try:
        if first == "-m":
            sys.argv = arguments
            runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv = [first, *arguments]
            runpy.run_path(first, run_name="__main__")
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _load() -> None:
    import app.cli  # noqa: PLC0415 - only in the process that is forked

    for module in pkgutil.walk_packages(app.cli.__path__, "app.cli."):
        importlib.import_module(module.name)
    for name in ("app.main", "tests.support.service", "typer.rich_utils", "uvloop"):
        importlib.import_module(name)
    httpx2.Client()  # loads what it needs when the first one is made
    gc.freeze()


if __name__ == "__main__":
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
