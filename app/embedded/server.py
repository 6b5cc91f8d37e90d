"""What the supervisor needs to know of a server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from app.embedded.child import command_line
from app.errors import ConfigurationError

# A socket's path: 108 bytes on Linux, 104 on macOS, the closing zero byte included.
_PATH_LIMIT = 103


@dataclass(frozen=True)
class Server(ABC):
    """One server in one folder, which is laid out as ``app.embedded`` says."""

    folder: Path
    durable: bool

    title: ClassVar[str]
    setting: ClassVar[str]
    """The setting that the user may set instead."""
    socket_name: ClassVar[str]
    stop_signals: ClassVar[tuple[signal.Signals, ...]]
    """From the gentle to the hard; the first is a clean shutdown."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    def password(self) -> str:
        """Raises OSError."""
        return self.password_file.read_text("ascii").strip()

    @abstractmethod
    def check_installed(self) -> None:
        """Raise ConfigurationError unless the server's wheel is there."""

    @abstractmethod
    def prepare(self, log: int, keep: int) -> None:
        """Make ``data`` fit to start on. No server of ours is running on it."""

    @abstractmethod
    def start(self, log: int, keep: int) -> subprocess.Popen[bytes]:
        """Start the server, which inherits the file descriptor ``keep``."""

    @abstractmethod
    def answers(self, pid: int, sockets: str) -> bool:
        """Whether it takes clients already, at the folder ``sockets``."""

    @abstractmethod
    def url(self, sockets: str) -> str:
        """What a client connects to, with the password."""

    def is_process(self, pid: int) -> bool:
        """Whether that process is this server, of an earlier start."""
        return str(self.data) in command_line(pid)


def socket_folder(server: Server) -> str:
    """A path to the server's data folder short enough for a socket.

    A deep one is reached through this process, the supervisor, which keeps it open: that path
    ends with the servers, so that there is nothing to clean up. A comma, too, would be misread:
    it separates hosts in a Postgres URL.
    """
    plain = str(server.data)
    if len(os.fsencode(f"{plain}/{server.socket_name}")) <= _PATH_LIMIT and "," not in plain:
        return plain
    if sys.platform == "linux":
        return f"/proc/{os.getpid()}/fd/{os.open(server.data, os.O_RDONLY | os.O_DIRECTORY)}"
    raise ConfigurationError(
        f"The path {plain} is too long for a socket, or has a comma. Move the project to a shorter "
        f"path, or set {server.setting}."
    )


def log_tail(path: Path) -> str:
    """The last lines of a log, to stand behind a sentence."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join([f" The end of {path}:", *(f"    {line[:300]}" for line in lines[-12:])])
