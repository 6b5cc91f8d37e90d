"""A file that is a lock, and whose text the lock's owner may write."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType


@dataclass(frozen=True)
class LockFile:
    """An open lock file (flock). A child that inherits ``fd`` keeps the lock with its parent."""

    fd: int

    @classmethod
    def open(cls, path: Path) -> LockFile:
        return cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def take_exclusive(self) -> None:
        fcntl.flock(self.fd, fcntl.LOCK_EX)

    def take_shared(self) -> None:
        fcntl.flock(self.fd, fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def read(self) -> str:
        """The whole text, or "" while there is none; a text counts once its newline is there."""
        text = os.pread(self.fd, 65536, 0).decode()
        return text[:-1] if text.endswith("\n") else ""

    def write(self, text: str) -> None:
        self.clear()
        os.pwrite(self.fd, f"{text}\n".encode(), 0)

    def clear(self) -> None:
        os.ftruncate(self.fd, 0)

    def __enter__(self) -> LockFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        os.close(self.fd)
