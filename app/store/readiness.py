"""Whether Postgres can be worked with just now: it takes writes, and its tables are those that this
code was written for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.faults import READ_ONLY, by_driver, sqlstate
from app.connections.schema import OPTION, SCHEMA
from app.errors import ConfigurationError, Unavailable, full_stop
from app.store.database import reading
from app.store.histories import SERVICE, SLUICE, MigrationHistory, known_revisions

_READ_ONLY = text("SELECT current_setting('transaction_read_only') = 'on'")
NO_TABLE = "42P01"
NO_RIGHT = "42501"
_FOUND = {
    history: text(f"SELECT version_num FROM {SCHEMA}.{history.version_table}")  # noqa: S608 - ours
    for history in (SLUICE, SERVICE)
}


_OURS = text(f"SELECT FROM {SCHEMA}.flow_override LIMIT 1")
"""A table that Sluice's first migration makes, and no later one drops."""


async def require_ready(database: AsyncEngine) -> None:
    """
    Raises:
        Unavailable: it takes no writes.
        ConfigurationError: the tables are missing, or older than the code.
    """
    await require_writable(database)
    await require_migrated(database)


async def require_writable(database: AsyncEngine) -> None:
    """
    Raises:
        Unavailable: it takes no writes.
    """
    async with reading(database) as connection:
        read_only = await connection.scalar(_READ_ONLY)
    if read_only:
        raise Unavailable(READ_ONLY)


async def revision(database: AsyncEngine, history: MigrationHistory = SLUICE) -> str | None:
    """Of the history's tables; None: there are none.

    Raises:
        ConfigurationError: the role may not read them; or the schema is somebody else's, who keeps
            Alembic's table in it.
    """
    found: str | None = None
    try:
        async with reading(database) as connection:
            found = await connection.scalar(_FOUND[history])
            if history is SLUICE and found not in (None, *known_revisions(SLUICE)):
                await connection.execute(_OURS)
            return found
    except DBAPIError as error:
        if sqlstate(error) == NO_RIGHT:
            why = full_stop(str(by_driver(error)))
            raise ConfigurationError(
                f"The role of DATABASE_URL may not read the tables of alembic/{history.name}: {why}"
                " Let it own their schema, or name another one by SLUICE_SCHEMA"
                " (docs/guides/adopting.md)."
            ) from error
        if sqlstate(error) != NO_TABLE:
            raise
        if found is not None:
            schema = database.get_execution_options().get(OPTION, SCHEMA)
            raise ConfigurationError(
                f"The schema {schema} is somebody else's: its alembic_version is at revision"
                f" {found}, which is none of Sluice's, and none of Sluice's tables is beside it. It"
                " stays as it is. Name another schema by SLUICE_SCHEMA (docs/guides/adopting.md)."
            ) from error
        return None


async def require_migrated(database: AsyncEngine) -> None:
    """A database that is newer than the code passes: a deployment goes through that.

    Raises:
        ConfigurationError: the tables are missing, or older than the code.
    """
    _check("Sluice's", await revision(database, SLUICE), known_revisions(SLUICE))
    _check("the service's", await revision(database, SERVICE), known_revisions(SERVICE))


def _check(whose: str, found: str | None, known: Sequence[str]) -> None:
    if not known:
        return
    if found is None:
        raise ConfigurationError(
            f"The database has none of {whose} tables yet. Make them with: sluice migrate"
        )
    if found in known[1:]:
        raise ConfigurationError(
            f"The database is at revision {found} of {whose} tables, and this version needs"
            f" {known[0]}. Bring it up to date with: sluice migrate"
        )
