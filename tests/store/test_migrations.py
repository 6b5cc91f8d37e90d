"""The migrations make the tables that the code declares."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from app.declared_tables import declared_tables
from app.store.database import open_database


def _of_ours(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith("pgqueuer"))


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"include_name": _of_ours})
    return list(compare_metadata(context, declared_tables()))


async def test_a_migrated_database_has_the_declared_tables(database_url: str) -> None:
    assert {"user", "run", "step"} <= set(declared_tables().tables)
    database = open_database(database_url, pool_size=1)
    try:
        async with database.connect() as connection:
            assert await connection.run_sync(_differences) == []
    finally:
        await database.dispose()
