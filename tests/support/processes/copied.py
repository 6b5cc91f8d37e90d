"""A copy of this repository, in which a test may change what it likes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_OF_THIS_MACHINE = (
    ".git", ".venv", ".tools", ".sluice", ".env", ".*_cache", ".hypothesis", "__pycache__", "out",
    "node_modules",
)  # fmt: skip
HANGS = 300
"""Seconds after which a process counts as one that hangs, however many of them a test needs."""


@dataclass(frozen=True)
class Copied:
    root: Path
    hangs: float | None = HANGS
    """None: no process is taken for one that hangs."""

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """A command whose modules are the copy's."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=self._env(env),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=self.hangs,
            check=False,
        )

    def started(self, *command: str, log: Path, **env: str) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return subprocess.Popen(
                command, cwd=self.root, env=self._env(env), stdout=output, stderr=output
            )

    def _env(self, more: Mapping[str, str]) -> dict[str, str]:
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "GIT_"))}
        return {**outside, "PYTHONPATH": str(self.root), **more}

    def python(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, *words, **env)

    def files(self) -> dict[str, str]:
        """What is in which file, as digests."""
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.root.rglob("*")
            if path.is_file() and not _passing(path.relative_to(self.root))
        }

    def committed(self, message: str) -> None:
        """Everything as one more commit, of a repository that begins with the first."""
        who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", message)):
            ended = self.run("git", *who, *words)
            assert ended.returncode == 0, ended


def copied(to: Path, *, typed: bool = False) -> Copied:
    """``typed``: with what mypy knows, so that it looks only at what is new."""
    if (ROOT / ".git").exists():
        words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():  # and not removed just now
                (to / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, to / name)
    else:  # a copy itself
        shutil.copytree(ROOT, to, ignore=shutil.ignore_patterns(*_OF_THIS_MACHINE))
    if typed and (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", to / ".mypy_cache")
    return Copied(to)


def _passing(path: Path) -> bool:
    return any(Path(part).match(name) for part in path.parts for name in _OF_THIS_MACHINE)
