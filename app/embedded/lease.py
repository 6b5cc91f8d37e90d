"""A lease of a folder's servers: they run for as long as somebody holds one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.embedded.lockfile import LockFile
from app.embedded.postgres import Postgres
from app.embedded.private_files import private_folder
from app.embedded.server import Server, log_tail
from app.embedded.supervisor import ERROR
from app.embedded.valkey import Valkey
from app.errors import ConfigurationError, full_stop


@dataclass(frozen=True)
class Servers:
    """Where to connect while the folder is held. "" for a server that was not asked for."""

    database_url: str
    """``postgresql://…`` over a unix socket, as asyncpg takes it; a superuser's, with its
    password."""
    redis_url: str
    """``unix://…``, as redis-py's ``from_url`` takes it, with the password."""


@contextmanager
def hold(
    folder: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True
) -> Iterator[Servers]:
    """Keep the folder's servers running: started here, or found running for another holder.

    Blocks while they start: about a second the first time. A child made by ``os.fork`` holds on
    until it, too, has ended. ``durable=False`` is for tests: what is written may not survive the
    machine's crash, nor, in Valkey, the servers' stop; whoever starts a server decides. Raises
    ConfigurationError.
    """
    with ExitStack() as held:
        urls = {"postgres": "", "valkey": ""}
        for name, wanted in (("postgres", postgres), ("valkey", valkey)):
            if wanted:
                server = server_in(folder.resolve() / name, durable=durable)
                urls[name] = held.enter_context(_hold_one(server, durable=durable))
        yield Servers(urls["postgres"], urls["valkey"])


def server_in(folder: Path, *, durable: bool) -> Server:
    """The server that a folder is for, by the folder's name."""
    return Postgres(folder, durable) if folder.name == "postgres" else Valkey(folder, durable)


@contextmanager
def _hold_one(server: Server, *, durable: bool) -> Iterator[str]:
    server.check_installed()
    with ExitStack() as open_files:
        try:
            _make(server.folder)
            holders = open_files.enter_context(LockFile.open(server.folder / "holders.lock"))
            with LockFile.open(server.folder / "starting.lock") as starting:
                starting.take_exclusive()
                holders.take_shared()  # waits for a supervisor that is stopping
                url = server.url(_find_or_start(server, durable=durable))
        except OSError as error:
            raise ConfigurationError(
                f"The embedded {server.title} cannot use {server.folder}: {full_stop(str(error))} "
                f"Give this user the folder, or set {server.setting}."
            ) from error
        yield url


def _make(folder: Path) -> None:
    private_folder(folder)
    folder.chmod(0o700)  # whoever made it


def _find_or_start(server: Server, *, durable: bool) -> str:
    """Where the server's socket is, from the one supervisor. Only the owner of ``starting.lock``
    is here."""
    started = False
    while True:
        with LockFile.open(server.folder / "supervisor.lock") as supervisor:
            absent = supervisor.try_exclusive()
            answer = supervisor.read()
            if absent and not started:
                supervisor.clear()
                _start(server, supervisor, durable=durable)
                started = True
                continue
        if answer.startswith(ERROR):
            raise ConfigurationError(answer.removeprefix(ERROR))
        if absent:
            raise ConfigurationError(
                f"The embedded {server.title} did not start: its supervisor ended. "
                f"Set {server.setting}, or mend this.{log_tail(server.folder / 'supervisor.log')}"
            )
        if answer:
            return answer
        time.sleep(0.01)


def _start(server: Server, supervisor: LockFile, *, durable: bool) -> None:
    """Start a supervisor, which inherits its lock, so that there is no moment without an owner."""
    kind = "durable" if durable else "volatile"
    command = [sys.executable, "-P", "-m", "app.embedded"]
    # The working folder may have another package named app.
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(server.folder / "supervisor.log", flags, 0o600), "wb") as log:
        subprocess.run(  # noqa: S603 - our own module
            [*command, str(server.folder), kind, str(supervisor.fd)],
            cwd=server.folder,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[supervisor.fd],
            start_new_session=True,
            check=False,
        )
