"""Bringing a database up to date: our tables and the service's, by Alembic."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import asyncpg
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from alembic import command
from app.connections.faults import by_driver, sqlstate
from app.connections.postgres import connect
from app.connections.postgres_url import with_database
from app.connections.schema import SCHEMA
from app.errors import ConfigurationError
from app.required_tables import LEADS_TO, SENTENCES
from app.store.database import open_database
from app.store.histories import HISTORIES, SERVICE, SLUICE, MigrationHistory
from app.store.pooler import require_session
from app.store.readiness import NO_RIGHT, revision

__all__ = [
    "UnknownRevision",
    "config_of",
    "ensure_database",
    "migrate",
    "scripts_of",
    "with_database",
]

_LOCK = text("SELECT pg_advisory_lock(hashtext('sluice.migrate'))")


class UnknownRevision(ConfigurationError):
    """The database was migrated by a newer version, or by another branch of the code.

    ``found``: the same as a sentence, without what is to be done.
    """

    def __init__(self, revision: str, history: MigrationHistory) -> None:
        self.found = (
            f"The database is at revision {revision} of alembic/{history.name}, which this version"
            " does not have."
        )
        super().__init__(
            f"{self.found} If it is older than the database, leave the migration out: it runs on a"
            " newer one. Else bring the file of that revision back."
        )


async def migrate(
    dsn: str, *, schema: str = SCHEMA, histories: Sequence[MigrationHistory] = HISTORIES
) -> None:
    """Safe to repeat, and safe when several processes start at once: one does it, others wait.

    Each migration is a transaction: one that fails leaves what those before it have made.

    Raises:
        UnknownRevision
        ConfigurationError: the database, or the role, is such that it cannot be done.
    """
    await require_session(dsn)
    database = open_database(dsn, pool_size=2, schema=schema)
    try:
        # The lock is the session's: it outlives each migration's transaction, and ends with us.
        async with database.connect() as holder:
            await holder.execute(_LOCK)
            if SLUICE in histories:
                await revision(database, SLUICE)  # refuses a schema that is somebody else's
            # Before anything is made, and only as long as no table of the service's is.
            if any(one.name == SERVICE.name for one in histories) and (
                await revision(database, SERVICE) is None
            ):
                async with database.connect() as connection:
                    await _require_apart(connection, schema)
            for history in histories:
                async with database.connect() as connection:
                    await _bring_up(connection, history, schema)
    finally:
        await database.dispose()


async def _bring_up(connection: AsyncConnection, history: MigrationHistory, schema: str) -> None:
    try:
        await connection.run_sync(_upgrade, history)
        await connection.commit()
    except CommandError as error:
        if not isinstance(error.__cause__, ResolutionError):
            raise
        raise UnknownRevision(str(error.__cause__.argument), history) from error
    except DBAPIError as error:
        told = SENTENCES.get(sqlstate(error))
        if told is None:
            raise
        raise ConfigurationError(told(history, schema, str(by_driver(error)))) from error


async def _require_apart(connection: AsyncConnection, schema: str) -> None:
    """
    Raises:
        ConfigurationError: what the service's migrations make would be among Sluice's own tables.
    """
    if not await connection.scalar(text("SELECT to_regnamespace(:name)"), {"name": schema}):
        try:
            # To see where the search path leads then: it is rolled back.
            await connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        except DBAPIError as error:
            if sqlstate(error) == NO_RIGHT:
                return  # which the first migration says, and what to do
            raise
    leads_to = await connection.scalar(LEADS_TO)
    await connection.rollback()
    if leads_to == schema:
        raise ConfigurationError(
            f"The service's tables would be made in the schema {schema}, among Sluice's own: the"
            " search_path of DATABASE_URL's role leads there, as it does where the role has the"
            " schema's name. Nothing was made. Use another role, or: ALTER ROLE … SET search_path ="
            " public (docs/guides/adopting.md)"
        )


def _upgrade(connection: Connection, history: MigrationHistory) -> None:
    config = config_of(history)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def config_of(history: MigrationHistory) -> Config:
    config = Config()
    config.set_main_option("script_location", str(history.folder).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s")
    config.attributes["history"] = history
    return config


def scripts_of(history: MigrationHistory) -> ScriptDirectory:
    return ScriptDirectory.from_config(config_of(history))


async def ensure_database(dsn: str, name: str) -> str:
    """Create the database ``name`` on the server of ``dsn`` unless it is there. Returns its DSN."""
    connection = await connect(dsn)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            # Another process may be quicker.
            with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return with_database(dsn, name)
