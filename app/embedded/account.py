"""As whom Postgres runs when we are root, since it refuses to be root."""

from __future__ import annotations

import ctypes
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from app.errors import ConfigurationError

# linux/capability.h, linux/prctl.h and linux/securebits.h
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECBIT_NO_SETUID_FIXUP = 4


@dataclass(frozen=True)
class Account:
    """An unprivileged user, and the one capability that it keeps, if any.

    The capability is for a venv or a data folder below a folder that others may not enter, such
    as /root: their modes are not ours to change.
    """

    uid: int
    gid: int
    capability: int | None = None

    def become(self) -> None:
        """Turn this process, which is root, into this user. There is no way back."""
        libc = ctypes.CDLL(None, use_errno=True)
        if self.capability is not None:
            # Keeps the capabilities through setuid; and access(2), with which Postgres looks for
            # its own programs, heeds them only under this bit.
            _check(libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)
        if self.capability is not None:
            mask = 1 << self.capability
            header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
            # effective, permitted and inheritable, of the capabilities 0 to 31 and then 32 to 63
            sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
            _check(libc.capset(header, sets))
            _check(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, self.capability, 0, 0))


def data_owner(data: Path) -> Account | None:
    """The user whose Postgres this data is or will be; None when that is simply ourselves."""
    if os.geteuid() != 0:
        return None
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


def _check(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
