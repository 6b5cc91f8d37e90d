"""The files of the families, as they were when the service loaded them, and what is newer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Seen:
    """The time and size, by which a look is cheap; the text's digest, because a file that is only
    touched is no other."""

    stat: tuple[int, int]
    digest: bytes


@dataclass(frozen=True, slots=True)
class FamilyFiles:
    """Families are loaded once. A file that came or was changed since does nothing until the
    service and its workers are restarted, and nobody would know."""

    folder: Path
    _loaded: dict[str, _Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._loaded.update({path.name: _see(path) for path in self._paths()})

    def newer(self) -> list[str]:
        """The names of files that are new since, or have another text."""
        found = []
        for path in self._paths():
            loaded = self._loaded.get(path.name)
            if loaded is None or (loaded.stat != _stat(path) and loaded.digest != _digest(path)):
                found.append(path.name)
        return found

    def unknown(self, family: str, known: Collection[str]) -> str:
        """What to say to whoever asks for a family that is not there."""
        listed = ", ".join(sorted(known)) or "none"
        return f"There is no family {family!r}. Known are: {listed}.{restart(self.newer())}"

    def _paths(self) -> list[Path]:
        # An editor's own files have names that no module can have.
        return sorted(
            path
            for path in self.folder.glob("*.py")
            if path.stem.isidentifier() and path.stem != "__init__" and path.is_file()
        )


def restart(newer: Collection[str]) -> str:
    """A sentence to follow another one; empty where nothing is newer."""
    if not newer:
        return ""
    verb = "is" if len(newer) == 1 else "are"
    return f" {', '.join(newer)} {verb} newer than the service: restart it, and each worker."


def _see(path: Path) -> _Seen:
    return _Seen(_stat(path), _digest(path))


def _stat(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _digest(path: Path) -> bytes:
    return sha256(path.read_bytes()).digest()
