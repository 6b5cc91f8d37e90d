"""Runs our migrations over asyncpg, on a connection that is given or on DATABASE_URL."""

from __future__ import annotations

import asyncio
from typing import Literal

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from alembic import context
from app.declared_tables import declared_tables
from app.settings import load_settings
from app.store.database import open_database

OTHERS = ("pgqueuer",)  # the engine keeps its own tables


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith(OTHERS))


def render_item(kind: str, value: object, autogen: AutogenContext) -> Literal[False]:
    """Without it, a migration that was generated lacks the import of SQLModel's string type."""
    if kind == "type" and type(value).__module__.startswith("sqlmodel."):
        autogen.imports.add("import sqlmodel")
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=declared_tables(),
        include_name=include_name,
        render_item=render_item,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    settings = load_settings()
    url = settings.listen_url or settings.database_url  # it holds sessions
    if url is None:
        raise SystemExit("Set DATABASE_URL, or use: sluice migrate")
    database = open_database(url, pool_size=2)
    async with database.begin() as connection:
        await connection.run_sync(run)
    await database.dispose()


given = context.config.attributes.get("connection")
if isinstance(given, Connection):
    run(given)
else:
    asyncio.run(connect_and_run())
