"""As whom Postgres runs when we are root, since it refuses to be root."""

from __future__ import annotations

import os
import pwd
import sys
from dataclasses import dataclass
from pathlib import Path

from app.errors import ConfigurationError


@dataclass(frozen=True)
class Account:
    """An unprivileged user, in no other group than its own."""

    uid: int
    gid: int

    def become(self) -> None:
        """Turn this process, which is root, into this user. There is no way back, and with root go
        its capabilities."""
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)


def data_owner(data: Path) -> Account | None:
    """The user whose Postgres this data is or will be; None when that is simply ourselves."""
    if os.geteuid() != 0:
        return None
    if sys.platform != "linux":
        raise ConfigurationError(
            "Postgres does not run as root, and only on Linux can it be started as somebody else "
            "here. Run as an ordinary user, or set DATABASE_URL."
        )
    owner = data.stat().st_uid if data.exists() else 0
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        missing = f"uid {owner}" if owner else "the user nobody"
        raise ConfigurationError(
            f"Postgres does not run as root, and {missing}, as whom it would run, is not in "
            "/etc/passwd. Run as an ordinary user, or set DATABASE_URL."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)
