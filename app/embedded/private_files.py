"""Folders and files for the account that runs us alone."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def private_folder(folder: Path) -> None:
    """Make it, and what it lies in, unless it is there: mode 0700. What is there stays as it is.

    Raises OSError.
    """
    missing = [place for place in folder.parents if not place.exists()]
    for place in (*reversed(missing), folder):
        place.mkdir(mode=0o700, exist_ok=True)


def ensure_secret(path: Path) -> None:
    """Keep a new secret there, mode 0600, unless there is a file. Whoever comes first of several
    decides."""
    if path.exists():
        return
    # Written beside its place and then linked, which fails if it is taken: nobody reads half.
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, f"{secrets.token_urlsafe(32)}\n".encode())
        os.fsync(file)
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        os.close(file)
        fresh.unlink()
