"""The migrations make the tables that the code declares."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from app.connections.schema import SCHEMA
from app.declared_tables import service_tables, sluice_tables
from app.store.database import open_database
from app.store.histories import HISTORIES


def _differences(connection: Connection, tables: MetaData, schema: str | None) -> list[object]:
    def of_ours(name: str | None, kind: str, _parents: object) -> bool:
        if kind == "schema":
            return name == schema
        versions = [history.version_table for history in HISTORIES]
        return kind != "table" or name not in versions

    options = {"include_name": of_ours, "include_schemas": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))


@pytest.mark.parametrize(
    ("tables", "schema", "some"),
    [
        (sluice_tables(), SCHEMA, {"sluice.run", "sluice.step"}),
        (service_tables(), None, {"user"}),
    ],
    ids=["sluice", "service"],
)
async def test_a_migrated_database_has_the_declared_tables(
    database_url: str, tables: MetaData, schema: str | None, some: set[str]
) -> None:
    assert some <= set(tables.tables)
    database = open_database(database_url, pool_size=1)
    try:
        async with database.connect() as connection:
            assert await connection.run_sync(_differences, tables, schema) == []
    finally:
        await database.dispose()
