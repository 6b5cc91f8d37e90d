"""The process that owns one server: ``python -m app.embedded``, which a holder starts.

It leaves the holder's session, so that a Ctrl-C in the terminal reaches neither it nor the
server, and ends when no holder is left or the server has ended. If it is killed, the kernel
passes that on to the server.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

from app.embedded.lockfile import LockFile
from app.embedded.server import Server, log_tail, socket_folder
from app.errors import ConfigurationError

# Seconds.
_LOOK_EVERY = 0.1
_READY_WITHIN = 120.0  # a database that crashed reads its log first
_STOP_WITHIN = 30.0  # per signal

ERROR = "error: "
"""What the text of ``supervisor.lock`` begins with when it is no folder."""


def supervise(server: Server, me: LockFile) -> None:
    """Run the server until nobody holds its folder."""
    with (
        LockFile.open(server.folder / "holders.lock") as holders,
        LockFile.open(server.folder / "server.lock") as alive,
    ):
        try:
            _end_leftover(server, alive)
            process, sockets = _start(server, alive)
        except ConfigurationError as error:
            me.write(f"{ERROR}{error}")
            return
        except (OSError, subprocess.SubprocessError) as error:
            me.write(
                f"{ERROR}The embedded {server.title} could not be started: {error} "
                f"Run as an ordinary user who owns {server.folder}, or set {server.setting}."
            )
            return
        me.write(sockets)
        try:
            while process.poll() is None and not holders.try_exclusive():
                time.sleep(_LOOK_EVERY)
        finally:
            me.clear()  # before the locks go: whoever comes now must not read the old folder
            _stop(server, process)


def _start(server: Server, alive: LockFile) -> tuple[subprocess.Popen[bytes], str]:
    log_path = server.folder / "server.log"
    log = os.open(
        log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600
    )
    server.prepare(log, alive.fd)
    process = server.start(log, alive.fd)
    os.close(log)
    alive.write(str(process.pid))
    try:
        sockets = socket_folder(server)
        for _ in _until(_READY_WITHIN, every=0.01):
            if process.poll() is not None:
                break
            if server.answers(process.pid, sockets):
                return process, sockets
    except BaseException:
        _stop(server, process)
        raise
    _stop(server, process)
    raise ConfigurationError(
        f"The embedded {server.title} did not start. Mend what its log says, "
        f"or set {server.setting}.{log_tail(log_path)}"
    )


def _stop(server: Server, process: subprocess.Popen[bytes]) -> None:
    for number in server.stop_signals:
        process.send_signal(number)
        try:
            process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            continue
        return


def _end_leftover(server: Server, alive: LockFile) -> None:
    """Take ``alive``; that is, wait until a killed supervisor's server has ended, or end it."""
    for number in (None, *server.stop_signals):
        # On Linux the kernel has sent the first signal already.
        within = _STOP_WITHIN if number else 1.0
        if number and (pid := int(alive.read() or 0)) and server.is_process(pid):
            os.kill(pid, number)
        for _ in _until(within, every=0.02):
            if alive.try_exclusive():
                return
    raise ConfigurationError(
        f"A {server.title} from before still runs on {server.data} and does not end. Its pid is in "
        f"{server.folder / 'server.lock'}: end it, or set {server.setting}."
    )


def _until(seconds: float, *, every: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(every)
