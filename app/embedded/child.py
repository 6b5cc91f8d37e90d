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

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def spawn(
    command: Sequence[str],
    *,
    cwd: Path,
    log: int,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child that gets ``death_signal`` when this process dies (on Linux).

    The environment is ours alone: a PGDATA or PGOPTIONS of the user's would reach the server.
    ``log`` and ``keep`` are file descriptors. Raises OSError, or SubprocessError when the child
    could not become ``account``.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None)

    def before_exec() -> None:
        if account is not None:
            account.become()
        if sys.platform == "linux":
            # After the change of user, which would clear it; and the parent may be gone already.
            libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return subprocess.Popen(  # noqa: S603 - the wheels' binaries
        command,
        cwd=cwd,
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=keep,
        preexec_fn=before_exec,  # noqa: PLW1509 - the supervisor has one thread
    )


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
