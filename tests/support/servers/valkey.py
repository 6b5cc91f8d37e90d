"""A Valkey of a test's own, configured as it likes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from app.embedded.binaries import valkey_binary
from tests.support.patience import PATIENCE


@contextmanager
def valkey(folder: Path, *more: str, arguments: tuple[str, ...] = ()) -> Iterator[str]:
    """Its URL. ``more``: lines of its configuration; ``arguments``: of its command line."""
    socket = folder / "v.sock"
    written = folder / "valkey.conf"
    lines = ["port 0", f"unixsocket {socket}", 'save ""', f"dir {folder}", *more]
    written.write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(
        [str(valkey_binary()), str(written), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_valkey(socket)
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def await_valkey(socket: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with redis.Redis(unix_socket_path=str(socket)) as client:
                client.execute_command("HELLO")
        except redis.AuthenticationError:  # it answers
            return
        except redis.ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return
