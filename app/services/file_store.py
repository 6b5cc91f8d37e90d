"""The service that keeps files: in one folder, whole or not at all."""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from app.errors import NotFound, Unavailable

FOR_ALL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS})
"""What no other file would fare better with: no room, no permission."""


class FolderUnusable(Unavailable):
    """Nothing can be kept in the folder until somebody mends it, so a run pauses."""

    systemic = True


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is kept. ``file`` is its name below the folder, ``bytes`` its size."""

    file: str
    sha256: str
    bytes: int


class FileStore:
    """Files below ``folder``, which is made when the first one is saved.

    Names are relative, with ``/`` between folders: ``invoices/inv_1/1.pdf``. Every method
    raises ValueError for a name that leads elsewhere, and works in a thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def save(self, name: str, data: bytes) -> Stored:
        """Keeps ``data``, also through a power cut. Safe to repeat: the latest is the one.

        Whoever reads meanwhile sees the file as it was before or as it is then, never a part of it.
        Raises FolderUnusable where there is no folder, no room or no permission.
        """
        file = checked(name)
        await asyncio.to_thread(self._save, file, data)
        return Stored(file, sha256(data).hexdigest(), len(data))

    async def read(self, name: str) -> bytes:
        """Raises NotFound."""
        file = checked(name)
        try:
            return await asyncio.to_thread((self._folder / file).read_bytes)
        except FileNotFoundError as error:
            raise NotFound(f"There is no file {file}.") from error

    async def locate(self, name: str) -> Path:
        """The file's path, for whoever sends it on. Raises NotFound, also for hidden files and for
        a link that leads out of the folder."""
        file = checked(name)
        path = await asyncio.to_thread(self._locate, file)
        if path is None:
            raise NotFound(f"There is no file {file}.")
        return path

    async def checksum(self, name: str) -> str | None:
        """The SHA-256 of the file in hexadecimal; None: there is none."""
        try:
            data = await self.read(name)
        except NotFound:
            return None
        return sha256(data).hexdigest()

    def _locate(self, file: str) -> Path | None:
        if any(part.startswith(".") for part in PurePosixPath(file).parts):
            return None  # such as one that is being written
        try:
            path = (self._folder / file).resolve()
            inside = path.is_relative_to(self._folder.resolve())
            return path if inside and path.is_file() else None
        except OSError:  # such as a name that is too long
            return None

    def _save(self, file: str, data: bytes) -> None:
        try:
            _make(self._folder)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            _write(self._folder / file, data)
        except OSError as error:
            if error.errno not in FOR_ALL:
                raise
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> FolderUnusable:
        return FolderUnusable(
            f"SLUICE_FILES_DIR ({self._folder}) cannot be written: {error.strerror}."
        )


def checked(name: str) -> str:
    """``name`` in its plainest form; raises ValueError for one that may lead out of the folder."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name:
        raise ValueError(f"{name!r} is not the name of a file below the folder.")
    if not name.isprintable():  # a NUL, which no file system takes, or what no screen shows
        raise ValueError(f"{name!r} holds a character that is not printable.")
    return str(path)


def _make(folder: Path) -> None:
    # Each for the account that runs us alone, as the files are: ``parents=True`` takes no mode.
    for place in (*reversed(folder.parents), folder):
        place.mkdir(mode=0o700, exist_ok=True)


def _write(path: Path, data: bytes) -> None:
    _make(path.parent)
    # Beside it, because only within one file system is a rename atomic.
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    # Until the folder is written, a power cut takes the new name away again.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
