"""The embedded Valkey."""

from __future__ import annotations

import signal
import socket
import subprocess
from dataclasses import dataclass
from urllib.parse import quote

from app.embedded.binaries import valkey_binary
from app.embedded.child import spawn
from app.embedded.private_files import ensure_secret
from app.embedded.server import Server


@dataclass(frozen=True)
class Valkey(Server):
    title = "Valkey"
    setting = "REDIS_URL"
    socket_name = "valkey.sock"
    stop_signals = (signal.SIGTERM, signal.SIGKILL)

    def check_installed(self) -> None:
        valkey_binary()

    def prepare(self, log: int, keep: int) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        ensure_secret(self.password_file)

    def start(self, log: int, keep: int) -> subprocess.Popen[bytes]:
        settings = {
            "dir": str(self.data),
            "port": "0",
            "unixsocket": self.socket_name,  # in ``dir``
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "set-proc-title": "no",  # a later start knows a leftover by its arguments
        }
        options = [part for key, value in settings.items() for part in (f"--{key}", value)]
        return spawn(
            [str(valkey_binary()), "-", *options],
            cwd=self.data,
            log=log,
            death_signal=self.stop_signals[0],
            keep=[keep],
            told=f"requirepass {self.password()}\n",
        )

    def answers(self, pid: int, sockets: str) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1.0)
            try:
                client.connect(f"{sockets}/{self.socket_name}")
                client.sendall(f"AUTH {self.password()}\r\nPING\r\n".encode())
                answers = client.makefile("rb")
                # "-LOADING" until its data is read
                return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
            except OSError:
                return False

    def url(self, sockets: str) -> str:
        return f"unix://:{self.password()}@{quote(sockets, safe='/')}/{self.socket_name}"
