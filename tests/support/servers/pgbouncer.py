"""A real PgBouncer before the tests' Postgres, where one is installed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from app.connections.postgres_url import PostgresUrl
from tests.support.patience import PATIENCE
from tests.support.servers.ports import free_port

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pgbouncer(dsn: str, mode: Literal["session", "transaction"]) -> Iterator[str]:
    """The DSN of the same database through it."""
    assert PROGRAM is not None
    behind = PostgresUrl.parse(dsn)
    host, port = behind.hosts[0]
    in_folder = host.startswith("/")
    uid = Path(host).stat().st_uid if in_folder else None
    folder = Path(tempfile.mkdtemp(prefix="sluice-pgbouncer-"))
    at = free_port()
    # In the socket's folder, above which it may pass through none.
    place = "/proc/self/cwd" if in_folder and os.geteuid() == 0 else host
    server = f"host={place} port={port or 5432} user={behind.user}"
    server += f" password={behind.password}" if behind.password else ""
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = {server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {at}\n"
        f"unix_socket_dir =\nauth_type = any\npool_mode = {mode}\nlogfile = {folder}/log\n"
        f"default_pool_size = 40\nmax_client_conn = 200\nserver_idle_timeout = 5\n"
    )
    if os.geteuid() == 0:  # it does not run as root, and must reach Postgres's socket
        uid = uid or 65534
        shutil.chown(folder, uid)
    process = subprocess.Popen(
        [PROGRAM, "-q", str(folder / "pgbouncer.ini")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=host if in_folder else None,
        user=uid if os.geteuid() == 0 else None,
    )
    try:
        _await(at)
        yield str(replace(behind, hosts=(("127.0.0.1", at),), user="me", password=None))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _await(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return
