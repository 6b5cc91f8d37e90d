"""``sluice`` as a process that need not load anything: forked from one that has.

Loading takes most of the time of a short command. Everything else is as it is for a user: a process
of its own, with its own environment, folder, files and exit code. Run as a module, this is the
process that is forked.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

import httpx2

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Forking:
    _asking: socket.socket
    _turn: Lock = field(default_factory=Lock)

    def run(
        self, command: Sequence[str], env: Mapping[str, str], cwd: Path, text: str, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """As ``subprocess.run``. ``text`` is what the command reads."""
        with TemporaryFile() as given, TemporaryFile() as said, TemporaryFile() as faults:
            given.write(text.encode())
            given.seek(0)
            ours, theirs = socket.socketpair()
            with ours:
                order = json.dumps({"argv": list(command), "env": dict(env), "cwd": str(cwd)})
                files = [theirs.fileno(), given.fileno(), said.fileno(), faults.fileno()]
                with self._turn:  # tests ask from threads, and an order is sent in two parts
                    socket.send_fds(self._asking, [len(order).to_bytes(4, "big")], files)
                    theirs.close()
                    self._asking.sendall(order.encode())
                code = _answer(ours, command, timeout)
            return subprocess.CompletedProcess(command, code, _read(said), _read(faults))


def _answer(ours: socket.socket, command: Sequence[str], timeout: float) -> int:
    pid = int.from_bytes(_told(ours, command), "big")
    ours.settimeout(timeout)
    try:
        return int.from_bytes(_told(ours, command), "big", signed=True)
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        raise subprocess.TimeoutExpired(command, timeout) from None


def _told(ours: socket.socket, command: Sequence[str]) -> bytes:
    told = ours.recv(4)
    if not told:
        raise RuntimeError(f"Whoever was to run {' '.join(command)} ended without a word.")
    return told


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@contextmanager
def forking() -> Iterator[Forking]:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tests.support.processes.forking", str(theirs.fileno())]
    with ours:
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        theirs.close()
        yield Forking(ours)
    process.wait(10)


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
    os.write(telling, command.to_bytes(4, "big"))
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    with suppress(BrokenPipeError):  # whoever asked has given up
        os.write(telling, code.to_bytes(4, "big", signed=True))
    return 0


def _become(order: Mapping[str, object], streams: Sequence[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    assert isinstance(order["argv"], list)
    assert isinstance(order["env"], dict)
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    os.chdir(str(order["cwd"]))
    sys.argv = order["argv"]
    code: object = 0
    try:
        from app.cli import main  # noqa: PLC0415 - loaded before the fork

        main()
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
    for name in ("app.main", "typer.rich_utils"):
        importlib.import_module(name)
    httpx2.Client()  # loads what it needs when the first one is made
    gc.freeze()


if __name__ == "__main__":
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
