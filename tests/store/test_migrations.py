"""The migrations make the tables that the code declares."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

from alembic import command
from app import models
from app.cli.server.environment import brought_up
from app.connections.schema import SCHEMA
from app.declared_tables import service_tables, sluice_tables
from app.errors import ConfigurationError
from app.migrate import config_of, migrate, scripts_of
from app.settings import Settings
from app.store.database import open_database
from app.store.histories import HISTORIES, SLUICE
from tests.support.servers.choice import TestServers
from tests.support.servers.histories import empty_database

CHANGED_NO_MORE = {
    "20261128_first_tables": "78210e2cd02b3331",
    "20261129_queue_of_our_own": "d43101ad03689f13",
    "20261130_outbox": "ae7606d7ab2a17c9",
    "20261201_results_to_overwrite": "43f359392bcf9187",
    "20261202_audit": "0b67205407c8a833",
    "20261203_former_worker": "8721f9da39245c5e",
    "20261204_entity": "941813c1672cf898",
    "20261205_holds": "e62f9020922b9c18",
    "20261210_notifications": "7472954334d77193",
    "20261211_finish": "c37f32f15be19277",
    "20261212_remembered": "d27d69bfdc47c936",
    "20261213_memory_pruning": "da1f77c2c8e4a721",
    "20261217_follows": "9ec8a8710e88dbb5",
    "20261218_events": "8ff3c4fbbcbf3123",
    "20261221_event_detail": "9ffeccc50ae57a2e",
    "20261222_partitions": "ca69679fce40d82b",
    "20261223_traceparent": "8c43dc9f74ced501",
    "20261225_provider_batches": "1dd03dc7dad5c536",
    "20261226_priority": "4f51a22bc7b0a744",
    "20261227_event_waits": "b09a7581ac4f4948",
    "20261228_waking_events": "f227a0c0d988b576",
    "20261229_batch_failures": "e910b3313e7f024d",
    "20261230_answer_offsets": "4f779cb530f1948e",
    "20261231_fill_of_items": "e2014833eba15a50",
}
"""Digests of Sluice's migrations that databases have gone through."""


def _differences(connection: Connection, tables: MetaData, schema: str | None) -> list[object]:
    def of_ours(name: str | None, kind: str, _parents: object) -> bool:
        if kind == "schema":
            return name == schema
        versions = [history.version_table for history in HISTORIES]
        return kind != "table" or name not in versions

    options = {"include_name": of_ours, "include_schemas": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))


OF_THE_SERVICE = [path for path in Path(models.__path__[0]).glob("*.py") if path.stem != "__init__"]
"""A file for each of its tables, or for several. A service may have none."""


@pytest.mark.parametrize(
    ("tables", "schema", "fewest"),
    [(sluice_tables(), SCHEMA, 15), (service_tables(), None, len(OF_THE_SERVICE))],
    ids=["sluice", "service"],
)
async def test_a_migrated_database_has_the_declared_tables(
    database_url: str, tables: MetaData, schema: str | None, fewest: int
) -> None:
    assert len(tables.tables) >= fewest
    database = open_database(database_url, pool_size=1)
    try:
        async with database.connect() as connection:
            assert await connection.run_sync(_differences, tables, schema) == []
    finally:
        await database.dispose()


def test_a_migration_that_others_follow_is_changed_no_more() -> None:
    """A database that went through it would miss the change, or meet it in the next one again."""
    [head] = scripts_of(SLUICE).get_heads()
    found = {
        script.revision: hashlib.sha256(Path(script.path).read_bytes()).hexdigest()[:16]
        for script in scripts_of(SLUICE).walk_revisions()
        if script.revision in CHANGED_NO_MORE or script.revision != head
    }
    assert found == CHANGED_NO_MORE, "Write another migration; a new one's digest goes in here."


def _upgrade(connection: Connection, revision: str) -> None:
    config = config_of(SLUICE)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_a_database_of_a_newer_version_is_told_in_a_sentence(
    servers: TestServers, settings: Settings
) -> None:
    async with empty_database(servers.database_url) as dsn:
        await migrate(dsn)
        database = open_database(dsn, pool_size=1)
        async with database.begin() as tx:
            await tx.execute(text("UPDATE sluice.alembic_version SET version_num = '30001231_new'"))
        await database.dispose()
        with pytest.raises(ConfigurationError) as refused:
            await migrate(dsn)
        named = settings.model_copy(update={"database_url": dsn})
        with pytest.raises(ConfigurationError) as refused_by_name:
            await brought_up(named, dsn)
        # One of our own is always migrated: nobody can leave that out.
        own = settings.model_copy(update={"database_url": None, "data_dir": Path("/a b")})
        with pytest.raises(ConfigurationError) as refused_as_own:
            await brought_up(own, dsn)
    found = "at revision 30001231_new of alembic/sluice"
    for one in (refused, refused_by_name):
        assert found in one.value.detail
        assert "leave the migration out" in one.value.detail
    assert found in refused_as_own.value.detail
    assert refused_as_own.value.detail.endswith("rm -r -- '/a b/postgres'")


async def test_a_database_that_has_the_queue_of_our_own_already_gets_what_is_missing(
    servers: TestServers,
) -> None:
    """As the first migration made it for some hours."""
    async with empty_database(servers.database_url) as dsn:
        database = open_database(dsn, pool_size=1)
        try:
            async with database.connect() as connection:
                await connection.run_sync(_upgrade, "20261129_queue_of_our_own")
                await connection.commit()
            async with database.begin() as tx:
                first = "UPDATE sluice.alembic_version SET version_num = '20261128_first_tables'"
                await tx.execute(text(first))
                await tx.execute(text("ALTER TABLE sluice.message DROP COLUMN attempts"))
            await migrate(dsn, histories=[SLUICE])
            async with database.connect() as connection:
                assert await connection.run_sync(_differences, sluice_tables(), SCHEMA) == []
        finally:
            await database.dispose()
