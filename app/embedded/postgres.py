"""The embedded Postgres."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

from app.embedded.account import data_owner
from app.embedded.binaries import postgres_binaries
from app.embedded.child import command_line, spawn, working_folder
from app.embedded.private_files import ensure_secret
from app.embedded.reachable_binaries import binaries_for
from app.embedded.server import Server, log_tail
from app.errors import ConfigurationError

VERSION = "18"
_HERE = "/proc/self/cwd"
"""The data folder, to one who is in it and may not pass through the folders above it."""

# For a machine of two cores that has other work: many connections, most of them idle.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",  # the data folder
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "192MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "max_parallel_workers_per_gather": "0",
    "random_page_cost": "1.1",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres(Server):
    title = "Postgres"
    setting = "DATABASE_URL"
    socket_name = ".s.PGSQL.5432"
    stop_signals = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)  # fast, immediate, none

    def check_installed(self) -> None:
        postgres_binaries()

    def prepare(self, log: int, keep: int) -> None:
        if self.data.exists() and any(self.data.iterdir()):
            self._check_version()
            self._check_password()
            self._forget_stale_pids()
        else:
            self._initialize(log, keep)

    def start(self, log: int, keep: int) -> subprocess.Popen[bytes]:
        settings = _SETTINGS | ({} if self.durable else _NOT_DURABLE)
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return self._spawn("postgres", options, self.data, log, keep)

    def answers(self, pid: int, sockets: str) -> bool:
        # The last line is the state: src/include/utils/pidfile.h.
        with suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    def url(self, sockets: str) -> str:
        # The port is named because a PGPORT in the environment would replace it.
        place = f"host={quote(sockets, safe='/')}&port=5432"
        return f"postgresql://postgres:{self.password()}@/postgres?{place}"

    def is_process(self, pid: int) -> bool:
        arguments = command_line(pid)
        if not arguments or Path(arguments[0]).name != "postgres":
            return False
        served = dict(pairwise(arguments)).get("-D", "")
        if served.startswith("/") and served != _HERE:
            return served == str(self.data)
        return working_folder(pid) in (str(self.data), "")

    def _check_version(self) -> None:
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise ConfigurationError(
                f"{self.data} is not empty and no Postgres data folder. "
                "Remove it, or set DATABASE_URL."
            ) from None
        if found != VERSION:
            raise ConfigurationError(
                f"{self.data} was made by Postgres {found}, and the embedded one is {VERSION}. "
                f"Remove {self.folder} to start anew, or set DATABASE_URL to a Postgres {found}."
            )

    def _check_password(self) -> None:
        if not self.password_file.exists():
            raise ConfigurationError(
                f"{self.data} was made by a Sluice whose embedded Postgres asked for no password. "
                f"Remove {self.folder} to start anew, as make clean does, or set DATABASE_URL."
            )

    def _initialize(self, log: int, keep: int) -> None:
        """Make the data folder beside its place, then move it: it is whole or absent."""
        owner = data_owner(self.data)
        if owner is None:
            _check_passwd_entry()
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if owner is not None:
            os.chown(fresh, owner.uid, owner.gid)
        ensure_secret(self.password_file)
        options = ["--username=postgres", "--auth=scram-sha-256", "--pwfile=/dev/stdin"]
        # More rounds make a poor password dearer to guess, and each connection dearer to make.
        options += ["--set=scram_iterations=1"]  # this one is 256 bits of chance
        options += ["--encoding=UTF8", "--locale=C"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += ["--no-instructions"] if self.durable else ["--no-instructions", "--no-sync"]
        password = f"{self.password()}\n"
        if self._spawn("initdb", options, fresh, log, keep, told=password).wait() != 0:
            tail = log_tail(self.folder / "server.log")
            raise ConfigurationError(
                f"The embedded Postgres could not make its data folder {self.data}. "
                f"Mend what its log says, or set DATABASE_URL.{tail}"
            )
        fresh.rename(self.data)

    def _spawn(
        self, program: str, options: Sequence[str], data: Path, log: int, keep: int, told: str = ""
    ) -> subprocess.Popen[bytes]:
        account = data_owner(data)
        binaries = binaries_for(account, log) if account else postgres_binaries()
        place = _HERE if account else str(data)
        return spawn(
            [str(binaries / program), "-D", place, *options],
            cwd=data,
            log=log,
            account=account,
            death_signal=self.stop_signals[0],
            keep=[keep],
            told=told,
        )

    def _forget_stale_pids(self) -> None:
        """Remove Postgres's pid files when their pid is no postmaster of this data.

        After a crash that pid may be a zombie that nobody reaps, or after a reboot another program;
        Postgres would take it for itself and not start. One that was started on this data by hand
        is left to it, and it refuses.
        """
        for name in ("postmaster.pid", f"{self.socket_name}.lock"):
            with suppress(OSError, ValueError, IndexError):
                pid_file = self.data / name
                if not self.is_process(int(pid_file.read_text().split()[0])):
                    pid_file.unlink()


def _check_passwd_entry() -> None:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise ConfigurationError(
            f"Uid {os.geteuid()} is not in /etc/passwd, and Postgres cannot make its data "
            "folder without that. Run as a user that has an entry, or set DATABASE_URL."
        ) from None
