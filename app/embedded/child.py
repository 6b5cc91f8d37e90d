"""Children that do not outlive us, even if we are killed."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from app.embedded.account import Account

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4


def spawn(
    command: Sequence[str],
    *,
    cwd: Path,
    log: int,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    keep: Sequence[int] = (),
    told: str = "",
) -> subprocess.Popen[bytes]:
    """Start a child that, on Linux, gets ``death_signal`` when this process dies, and neither has
    privileges of ours that its user has not nor gains any.

    The environment is ours alone: a PGDATA or PGOPTIONS of the user's would reach the server.
    ``log`` and ``keep`` are file descriptors. ``told`` is what the child may read as its standard
    input: what no list of processes shows. Raises OSError, or SubprocessError when the child could
    not become ``account``.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None)

    def before_exec() -> None:
        if account is not None:
            account.become()
        if sys.platform == "linux":
            # After the change of user, which would clear it; and the parent may be gone already.
            libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    told_at, telling = os.pipe()
    try:
        if account is not None:  # who may open it anew, as /dev/stdin
            os.fchown(told_at, account.uid, account.gid)
        with os.fdopen(telling, "w") as pipe:
            pipe.write(told)  # a line or two: the pipe holds it
        return subprocess.Popen(  # noqa: S603 - the wheels' binaries
            command,
            cwd=cwd,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=told_at,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=keep,
            preexec_fn=before_exec,  # noqa: PLW1509 - the supervisor has one thread
        )
    finally:
        os.close(told_at)


def command_line(pid: int) -> list[str]:
    """The arguments of a running process; empty when it is gone or cannot be seen."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        pass
    try:
        shown = subprocess.run(  # noqa: S603 - the pid is a number
            ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return []
    return shown.stdout.split()


def working_folder(pid: int) -> str:
    """Of a running process; "" where that cannot be seen."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""
