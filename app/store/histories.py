"""The two migration histories: Sluice's own, and the service's.

Each has a folder of its own and a version table of its own, in Sluice's schema: the application's
``alembic_version`` in ``public`` is none of theirs.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

_MIGRATIONS = Path(__file__).resolve().parents[2] / "alembic"
LONGEST_ID = 32
"""The width of Alembic's column."""


@dataclass(frozen=True, slots=True)
class MigrationHistory:
    folder: Path
    version_table: str

    @property
    def name(self) -> str:
        return self.folder.name

    def config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        config.set_main_option("file_template", "%%(rev)s")
        config.attributes["history"] = self
        return config

    def scripts(self) -> ScriptDirectory:
        return ScriptDirectory.from_config(self.config())


SLUICE = MigrationHistory(_MIGRATIONS / "sluice", "alembic_version")
SERVICE = MigrationHistory(_MIGRATIONS / "service", "service_version")
HISTORIES = (SLUICE, SERVICE)
"""In the order in which they are brought up to date."""


@cache
def known_revisions(history: MigrationHistory) -> tuple[str, ...]:
    """Of the migrations that this code has, the newest first."""
    return tuple(script.revision for script in history.scripts().walk_revisions())


def revision_id(about: str, day: date) -> str:
    """The id of a new migration, which is also the name of its file: never a number, so that nobody
    else's can take the same one."""
    slug = re.sub(r"\W+", "_", about.lower()).strip("_") or "migration"
    name = f"{day:%Y%m%d}_{slug}"
    if len(name) <= LONGEST_ID:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: LONGEST_ID - 7].rstrip('_')}_{digest}"
