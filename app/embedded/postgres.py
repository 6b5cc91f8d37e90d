"""The embedded Postgres."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

from app.embedded.account import CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, Account, data_owner
from app.embedded.binaries import postgres_binaries
from app.embedded.child import command_line, spawn
from app.embedded.server import Server, log_tail
from app.errors import ConfigurationError

VERSION = "18"

# For a machine of two cores that has other work: many connections, most of them idle.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",  # the data folder, which is closed to others
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
            _forget_stale_pids(self.data)
        else:
            self._initialize(log, keep)

    def start(self, log: int, keep: int) -> subprocess.Popen[bytes]:
        settings = _SETTINGS | ({} if self.durable else _NOT_DURABLE)
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return self._spawn("postgres", ["-D", str(self.data), *options], self.data, log, keep)

    def answers(self, pid: int, sockets: str) -> bool:
        # The last line is the state: src/include/utils/pidfile.h.
        with suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    def url(self, sockets: str) -> str:
        # The port is named because a PGPORT in the environment would replace it.
        return f"postgresql://postgres@/postgres?host={quote(sockets, safe='/')}&port=5432"

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
        options = ["-D", str(fresh), "--username=postgres", "--auth=trust", "--encoding=UTF8"]
        options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += ["--no-instructions"] if self.durable else ["--no-instructions", "--no-sync"]
        if self._spawn("initdb", options, fresh, log, keep).wait() != 0:
            tail = log_tail(self.folder / "server.log")
            raise ConfigurationError(
                f"The embedded Postgres could not make its data folder {self.data}. "
                f"Mend what its log says, or set DATABASE_URL.{tail}"
            )
        fresh.rename(self.data)

    def _spawn(
        self, program: str, options: Sequence[str], data: Path, log: int, keep: int
    ) -> subprocess.Popen[bytes]:
        binary = postgres_binaries() / program
        account = data_owner(data)
        return spawn(
            [str(binary), *options],
            cwd=data,
            log=log,
            account=account and _able(account, binary, data, log),
            death_signal=self.stop_signals[0],
            keep=[keep],
        )


def _able(owner: Account, binary: Path, data: Path, log: int) -> Account:
    """``owner`` with the least capability that lets it reach both its program and its data.

    Tried rather than reckoned from modes, because of ACLs; and because a container may lack
    CAP_DAC_READ_SEARCH (Docker does) or the right to change user at all.
    """
    shared = binary.parent.parent / "share" / "postgresql" / "postgres.bki"
    attempt = [
        "/bin/sh",
        "-c",
        'cd "$0" && exec "$1" --version < "$2"',
        str(data),
        str(binary),
        str(shared),
    ]
    for capability in (None, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        account = replace(owner, capability=capability)
        with suppress(OSError, subprocess.SubprocessError):
            if spawn(attempt, cwd=data, log=log, account=account).wait() == 0:
                return account
    raise ConfigurationError(
        f"Postgres does not run as root, and uid {owner.uid}, as whom it would run, "
        f"cannot reach {binary} and {data}. Run as an ordinary user, move the project to where "
        f"others may read, or set DATABASE_URL.{log_tail(data.parent / 'server.log')}"
    )


def _check_passwd_entry() -> None:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise ConfigurationError(
            f"Uid {os.geteuid()} is not in /etc/passwd, and Postgres cannot make its data "
            "folder without that. Run as a user that has an entry, or set DATABASE_URL."
        ) from None


def _forget_stale_pids(data: Path) -> None:
    """Remove Postgres's pid files when their pid is no postmaster of this data.

    After a crash that pid may be a zombie that nobody reaps, or after a reboot another program;
    Postgres would take it for itself and not start. One that was started on this data by hand
    is left to it, and it refuses.
    """
    for name in ("postmaster.pid", f"{Postgres.socket_name}.lock"):
        with suppress(OSError, ValueError, IndexError):
            pid_file = data / name
            if not _may_serve(data, command_line(int(pid_file.read_text().split()[0]))):
                pid_file.unlink()


def _may_serve(data: Path, arguments: Sequence[str]) -> bool:
    if not arguments or Path(arguments[0]).name != "postgres":
        return False
    served = dict(pairwise(arguments)).get("-D", "")
    return served == str(data) or not served.startswith("/")
