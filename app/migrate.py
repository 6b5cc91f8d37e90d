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
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alembic import command
from app.connections.faults import by_driver, sqlstate
from app.connections.postgres import connect
from app.connections.postgres_url import with_database
from app.connections.schema import OPTION, SCHEMA
from app.declared_tables import THEIRS, service_tables, sluice_tables
from app.errors import ConfigurationError, full_stop
from app.store.database import open_database
from app.store.histories import HISTORIES, SERVICE, SLUICE, MigrationHistory, known_revisions
from app.store.pooler import require_session
from app.store.readiness import NO_RIGHT, require_migrated, revision

__all__ = [
    "UnknownRevision",
    "config_of",
    "ensure_database",
    "migrate",
    "require_tables",
    "scripts_of",
    "with_database",
]

_LOCK = text("SELECT pg_advisory_lock(hashtext('sluice.migrate'))")
_LEADS_TO = text("SELECT current_schema()")
_MAY_NOT = text("""
    SELECT CASE WHEN to_regnamespace(quote_ident(:place)) IS NULL
        THEN (SELECT 'permission denied for database ' || current_database()
              WHERE NOT has_database_privilege(current_database(), 'CREATE'))
        ELSE (SELECT 'permission denied for schema ' || :place
              WHERE NOT has_schema_privilege(:place, 'CREATE'))
    END
""")
_IS_THERE = text("""
    SELECT format('relation "%s" already exists', name) FROM unnest(CAST(:tables AS text[])) AS name
    WHERE to_regclass(format('%I.%I', CAST(:place AS text), name)) IS NOT NULL LIMIT 1
""")
"""Both say what Postgres says of a migration that tries."""
THERE_ALREADY = "42P07"


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
        told = _SENTENCES.get(sqlstate(error))
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
    leads_to = await connection.scalar(_LEADS_TO)
    await connection.rollback()
    if leads_to == schema:
        raise ConfigurationError(
            f"The service's tables would be made in the schema {schema}, among Sluice's own: the"
            " search_path of DATABASE_URL's role leads there, as it does where the role has the"
            " schema's name. Nothing was made. Use another role, or: ALTER ROLE … SET search_path ="
            " public (docs/guides/adopting.md)"
        )


def _no_right(history: MigrationHistory, schema: str, said: str) -> str:
    if history.name == SERVICE.name:
        way = (
            "The service's tables go where the role's search_path leads. Lead it to a schema of the"
            " role's own: CREATE SCHEMA … AUTHORIZATION …; ALTER ROLE … SET search_path = …, public"
        )
    else:
        way = f"Have it own the schema {schema}: CREATE SCHEMA {schema} AUTHORIZATION …"
    return (
        f"The role of DATABASE_URL may not do what a migration of alembic/{history.name} does:"
        f" {said}. {way} (docs/guides/adopting.md)"
    )


def _there_already(history: MigrationHistory, schema: str, said: str) -> str:
    if history.name != SERVICE.name:
        return (
            f"The schema {schema} holds what is not Sluice's: {said}. It stays as it is. Name"
            " another schema by SLUICE_SCHEMA."
        )
    return (
        f"A migration of alembic/service makes what is there already: {said}. Nothing of it was"
        " kept. If the table is your application's, take out the migration, and declare the table"
        " as docs/guides/adopting.md says."
    )


_SENTENCES = {NO_RIGHT: _no_right, THERE_ALREADY: _there_already}
"""By SQLSTATE: why a migration was refused, and what to do."""


async def require_tables(database: AsyncEngine) -> None:
    """``require_migrated``, which also says why ``migrate`` would be refused.

    Raises:
        ConfigurationError: see there.
    """
    try:
        await require_migrated(database)
    except ConfigurationError as error:
        refusal = await _refusal(database)
        if refusal is None:
            raise
        raise ConfigurationError(f"{full_stop(error.detail)} It is refused: {refusal}") from error


async def _refusal(database: AsyncEngine) -> str | None:
    """Why ``migrate`` cannot make the tables that are not there, as far as it can be known without
    making any; None: it is not known that it cannot."""
    schema = database.get_execution_options().get(OPTION, SCHEMA)
    for history, tables in ((SLUICE, sluice_tables()), (SERVICE, service_tables())):
        ours = [one.name for one in tables.sorted_tables if not one.info.get(THEIRS)]
        makes_them = ours and known_revisions(history)
        if not makes_them or await revision(database, history) is not None:
            continue
        async with database.connect() as connection:
            place = schema if history is SLUICE else await connection.scalar(_LEADS_TO)
            if place is None:  # the search path leads nowhere, as Postgres then says itself
                continue
            asked = {"place": place, "tables": ours}
            if said := await connection.scalar(_MAY_NOT, asked):
                return _no_right(history, schema, said)
            if said := await connection.scalar(_IS_THERE, asked):
                return _there_already(history, schema, said)
    return None


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
