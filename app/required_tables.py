"""The tables without which nothing runs; and why ``migrate`` is refused where they are missing."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.schema import OPTION, SCHEMA
from app.declared_tables import THEIRS, service_tables, sluice_tables
from app.errors import ConfigurationError, full_stop
from app.store.histories import SERVICE, SLUICE, MigrationHistory, known_revisions
from app.store.readiness import NO_RIGHT, require_migrated, revision

LEADS_TO = text("SELECT current_schema()")
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
            place = schema if history is SLUICE else await connection.scalar(LEADS_TO)
            if place is None:  # the search path leads nowhere, as Postgres then says itself
                continue
            asked = {"place": place, "tables": ours}
            if said := await connection.scalar(_MAY_NOT, asked):
                return _no_right(history, schema, said)
            if said := await connection.scalar(_IS_THERE, asked):
                return _there_already(history, schema, said)
    return None


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


SENTENCES = {NO_RIGHT: _no_right, THERE_ALREADY: _there_already}
"""By SQLSTATE: why a migration was refused, and what to do."""
