"""What Alembic runs for either history: over a connection that is given, or on DATABASE_URL."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrationScript
from sqlalchemy import Connection, MetaData, text
from sqlmodel import AutoString

from alembic import context
from app.config.environment import what_was_meant
from app.connections.schema import OPTION, SCHEMA
from app.declared_tables import THEIRS
from app.settings import Settings, load_settings
from app.store.database import open_database
from app.store.histories import MigrationHistory, revision_id

_THERE = text("SELECT to_regnamespace(:name) IS NOT NULL")


def run_history(history: MigrationHistory, tables: MetaData) -> None:
    """Called by the history's ``env.py``."""
    history = context.config.attributes.get("history", history)
    given = context.config.attributes.get("connection")
    if isinstance(given, Connection):
        _run(given, history, tables)
    else:
        asyncio.run(_connect_and_run(history, tables))


async def _connect_and_run(history: MigrationHistory, tables: MetaData) -> None:
    settings = load_settings()
    url = settings.listen_url or settings.database_url  # it holds sessions
    if url is None:
        raise SystemExit(
            "Set DATABASE_URL, or use: sluice migrate. CONTRIBUTING.md has the URL of the database"
            f" of make serve, under A migration.{what_was_meant(['DATABASE_URL'], Settings)}"
        )
    database = open_database(url, pool_size=2, schema=settings.db_schema)
    async with database.connect() as connection:
        await connection.run_sync(_run, history, tables)
        await connection.commit()
    await database.dispose()


def _run(connection: Connection, history: MigrationHistory, tables: MetaData) -> None:
    schema = connection.get_execution_options().get(OPTION, SCHEMA)
    _ensure_schema(connection, schema)
    names = {(table.schema, table.name) for table in tables.tables.values()}
    schemas = {schema for schema, _ in names} | {None}

    def include_name(name: str | None, kind: str, parents: MutableMapping[Any, str | None]) -> bool:
        """What is not declared is somebody else's: nothing is said of it, least of all DROP."""
        if kind == "schema":
            return name in schemas
        return kind != "table" or (parents.get("schema_name"), name) in names

    def include_object(thing: Any, _name: object, kind: str, *_: object) -> bool:  # Alembic's own
        return not (kind == "table" and thing.info.get(THEIRS))

    context.configure(
        connection=connection,
        target_metadata=tables,
        version_table=history.version_table,
        version_table_schema=schema,
        include_schemas=True,
        include_name=include_name,
        include_object=include_object,
        render_item=_render_item,
        process_revision_directives=_name_revision,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _ensure_schema(connection: Connection, schema: str) -> None:
    # Asked first: CREATE SCHEMA IF NOT EXISTS takes a right that the role may lack, though it is
    # there.
    if not connection.scalar(_THERE, {"name": schema}):
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    connection.commit()


def _name_revision(_context: object, _revision: object, directives: list[MigrationScript]) -> None:
    for script in directives:
        script.rev_id = revision_id(script.message or "", datetime.now(UTC).date())


def _render_item(kind: str, value: object, _autogen: AutogenContext) -> str | Literal[False]:
    """SQLModel's string type as the one of SQLAlchemy that it stands for: what is generated imports
    nothing of SQLModel."""
    if kind == "type" and isinstance(value, AutoString):
        return "sa.String()" if value.length is None else f"sa.String(length={value.length})"
    return False
