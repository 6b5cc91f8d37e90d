"""Whether the tables are those that this code was written for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.faults import sqlstate
from app.errors import ConfigurationError
from app.store.database import reading

SCRIPTS = Path(__file__).resolve().parents[2] / "alembic"
NO_TABLE = "42P01"
_FOUND = text("SELECT version_num FROM alembic_version")


def migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config


@cache
def _known() -> tuple[str, ...]:
    """The newest first."""
    return tuple(s.revision for s in ScriptDirectory.from_config(migrations()).walk_revisions())


async def revision(database: AsyncEngine) -> str | None:
    """Of the tables; None: there are none."""
    try:
        async with reading(database) as connection:
            found: str | None = await connection.scalar(_FOUND)
            return found
    except DBAPIError as error:
        if sqlstate(error) != NO_TABLE:
            raise
        return None


async def require_migrated(database: AsyncEngine) -> None:
    """A database that is newer than the code passes: a deployment goes through that.

    Raises:
        ConfigurationError: the tables are missing, or older than the code.
    """
    found, known = await revision(database), _known()
    if found is None:
        raise ConfigurationError(
            "The database has none of Sluice's tables yet. Make them with: sluice migrate"
        )
    if found in known[1:]:
        raise ConfigurationError(
            f"The database is at revision {found}, and this version needs {known[0]}. Bring it up"
            " to date with: sluice migrate"
        )
