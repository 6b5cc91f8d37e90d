"""Start a supervisor: the folder, "durable" or "volatile", and the open supervisor.lock."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from app.embedded.lease import server_in
from app.embedded.lockfile import LockFile
from app.embedded.supervisor import supervise


def main() -> None:
    folder, kind, lock = sys.argv[1:]
    # The holder waits for this process alone, and is left with no child to reap.
    if os.fork() > 0:
        os._exit(0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    supervise(server_in(Path(folder), durable=kind == "durable"), LockFile(int(lock)))


if __name__ == "__main__":
    main()
