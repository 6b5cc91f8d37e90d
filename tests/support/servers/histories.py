"""A service's migration history of a test's own, and a database in which nothing is yet."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg

from app.migrate import ensure_database
from app.store.histories import SERVICE, MigrationHistory

_MIGRATION = """
from alembic import op

revision = {name!r}
down_revision = {before!r}


def upgrade() -> None:
    for statement in {statements!r}:
        op.execute(statement)
"""


def own_history(folder: Path, **statements: str) -> MigrationHistory:
    """One migration for each, in this order, called as its argument is."""
    history = replace(SERVICE, folder=folder / "service")
    (history.folder / "versions").mkdir(parents=True)
    shutil.copy(SERVICE.folder / "env.py", history.folder)
    before: str | None = None
    for name, statement in statements.items():
        write_migration(history, name, before, statement)
        before = name
    return history


def write_migration(
    history: MigrationHistory, name: str, before: str | None, statement: str
) -> None:
    """``statement``: one, or several with semicolons between."""
    text = _MIGRATION.format(name=name, before=before, statements=statement.split(";"))
    (history.folder / "versions" / f"{name}.py").write_text(text, "utf-8")


@asynccontextmanager
async def empty_database(dsn: str) -> AsyncIterator[str]:
    """The DSN of a new database on that server."""
    name = f"sluice_empty_{secrets.token_hex(6)}"
    yield await ensure_database(dsn, name)
    admin = await asyncpg.connect(dsn)
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


async def tables_of(connection: asyncpg.Connection, schema: str) -> set[str]:
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
    return {row[0] for row in rows}
