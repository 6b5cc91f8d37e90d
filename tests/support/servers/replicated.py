"""A Postgres of its own with a replica that replays late, made of the wheel's binaries."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.embedded.account import data_owner
from app.embedded.binaries import postgres_binaries
from tests.support.servers.ports import free_port

_COMMON = ("fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories=")


@contextmanager
def replicated(*, late: str) -> Iterator[str]:
    """The primary's DSN.

    Args:
        late: by how much the replica replays what it has, such as ``1h``.
    """
    with tempfile.TemporaryDirectory(prefix="sluice-replicated-") as made, ExitStack() as stack:
        folder = Path(made)
        owner = data_owner(folder / "data")
        uid = None if owner is None else owner.uid
        if uid is not None:  # Postgres does not run as root
            shutil.chown(folder, uid)
        programs = postgres_binaries()

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [str(programs / program), *arguments], cwd=folder, user=uid, check=True,
                capture_output=True, env={**os.environ, "HOME": made},
            )  # fmt: skip

        def serve(name: str, port: int, *settings: str) -> None:
            options = " ".join(f"-c {one}" for one in (*_COMMON, f"port={port}", *settings))
            log = folder / f"{name}.log"
            run("pg_ctl", "-D", name, "-w", "-l", str(log), "-o", options, "start")
            stack.callback(run, "pg_ctl", "-D", name, "-w", "-m", "immediate", "stop")

        first, second = free_port(), free_port()
        run("initdb", "-D", "primary", "-U", "postgres", "-A", "trust", "--no-sync")
        serve("primary", first, "wal_level=replica", "max_wal_senders=4")
        primary = f"host=127.0.0.1 port={first} user=postgres application_name=reader"
        run("pg_basebackup", "-D", "replica", "-R", "-c", "fast", "-d", primary, "--no-sync")
        serve("replica", second, f"recovery_min_apply_delay={late}")
        yield f"postgresql://postgres@127.0.0.1:{first}/postgres"
