"""A used database is the next test's, or nobody's."""

from __future__ import annotations

import asyncio
from functools import partial

import asyncpg
import pytest

from tests.support.patience import PATIENCE
from tests.support.servers import databases as module
from tests.support.servers.databases import Database, Databases

TABLE = "CREATE TABLE made (id int)"
ON_DROP = """
CREATE FUNCTION dropping() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$;
CREATE EVENT TRIGGER dropping ON ddl_command_start WHEN TAG IN ('DROP TABLE')
EXECUTE FUNCTION dropping();
"""
UNTIL_LOCKED = """
WHILE NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'made'::regclass AND granted) LOOP
    PERFORM pg_sleep(0.005);
END LOOP;
"""


async def run(database: Database, *statements: str) -> None:
    connection = await asyncpg.connect(database.dsn)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def kept(databases: Databases, *statements: str) -> bool:
    """Whether one in which these were run is the next one."""
    async with databases.one() as database:
        await run(database, *statements)
    async with databases.one() as following:
        return following == database


async def test_rows_and_what_is_beside_the_tables_of_the_template_are_removed(
    databases: Databases,
) -> None:
    user = "INSERT INTO tests.users (id, name, active, paid) VALUES ('u', 'Ada', true, false)"
    assert await kept(databases, TABLE, "INSERT INTO made VALUES (1)", user)
    async with databases.one() as database:
        connection = await asyncpg.connect(database.dsn)
        assert await connection.fetchval("SELECT to_regclass('made')") is None
        assert await connection.fetch("SELECT FROM tests.users") == []
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT SELECT ON tests.users TO PUBLIC",
        "ALTER TABLE tests.users ALTER name SET DEFAULT 'Ada'",
        "DROP TABLE tests.users CASCADE",
        "DELETE FROM sluice.alembic_version",
    ],
)
async def test_what_cannot_be_made_good_is_thrown_away(
    databases: Databases, statement: str
) -> None:
    assert not await kept(databases, statement)


@pytest.mark.parametrize(
    "fault", ["RAISE 'No.';", "PERFORM pg_terminate_backend(pg_backend_pid());"]
)
async def test_so_is_one_that_does_not_let_it_be_made_good(
    databases: Databases, fault: str
) -> None:
    assert not await kept(databases, TABLE, ON_DROP.format(fault))


async def test_and_one_of_which_somebody_keeps_a_table_locked(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOCKED", "10ms")
    async with databases.one() as database:
        await run(database, TABLE, ON_DROP.format(UNTIL_LOCKED))
        locking = asyncio.create_task(lock(database))
    async with asyncio.timeout(PATIENCE):
        await locking


async def lock(database: Database) -> None:
    """Return once it is gone. Whenever the connection is ended, another one locks the table."""
    while True:
        try:
            connection = await asyncpg.connect(database.dsn)
            ended = asyncio.Event()
            connection.add_termination_listener(partial(_tell, ended))
            await connection.execute("BEGIN; LOCK TABLE made IN ACCESS SHARE MODE")
            await ended.wait()
        except asyncpg.InvalidCatalogNameError:
            return
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            continue


def _tell(ended: asyncio.Event, _connection: object) -> None:
    ended.set()
