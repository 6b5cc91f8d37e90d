"""Nothing that a statement can change of a database, but its rows, goes unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from tests.support.servers.catalogue import Catalogue

ALL = "3"
"""Since the first of a server's transactions."""

MADE = """
CREATE SCHEMA made;
CREATE TABLE made.one (id int PRIMARY KEY, name text CHECK (name <> ''));
CREATE TABLE made.other (id int PRIMARY KEY REFERENCES made.one);
CREATE SEQUENCE made.numbers;
CREATE VIEW made.numbered AS SELECT id FROM made.other;
CREATE TYPE made.mood AS ENUM ('well', 'ill');
CREATE DOMAIN made.short AS text CHECK (length(VALUE) < 9);
CREATE FUNCTION made.told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION made.heard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION made.squared(n int) RETURNS int RETURN n * n;
CREATE TRIGGER told BEFORE INSERT ON made.one FOR EACH ROW EXECUTE FUNCTION made.told();
CREATE INDEX named ON made.one (name);
"""


def on_database(change: str) -> str:
    return f"DO $$ BEGIN EXECUTE format('{change}', current_database()); END $$"


CHANGES = [
    # Who may do what, and whose it is.
    "GRANT SELECT ON made.one TO PUBLIC",
    "GRANT SELECT (id) ON made.one TO PUBLIC",
    "GRANT USAGE ON SCHEMA made TO PUBLIC",
    "GRANT USAGE ON SEQUENCE made.numbers TO PUBLIC",
    "REVOKE EXECUTE ON FUNCTION made.told() FROM PUBLIC",
    "REVOKE USAGE ON TYPE made.mood FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM PUBLIC",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA made GRANT SELECT ON TABLES TO PUBLIC",
    on_database("REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC"),
    "ALTER TABLE made.one OWNER TO pg_database_owner",
    "ALTER SCHEMA made OWNER TO pg_database_owner",
    "ALTER FUNCTION made.told() OWNER TO pg_database_owner",
    "ALTER TABLE made.one ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY own ON made.one USING (true)",
    # Tables.
    "ALTER TABLE made.one ALTER name SET DEFAULT 'Ada'",
    "ALTER TABLE made.one ALTER name SET NOT NULL",
    "ALTER TABLE made.one ALTER name TYPE varchar(9)",
    "ALTER TABLE made.one ALTER name SET STATISTICS 7",
    "ALTER TABLE made.one ALTER id ADD GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE made.one DROP name CASCADE",
    "ALTER TABLE made.one ADD more text",
    "ALTER TABLE made.one SET (fillfactor = 50)",
    "ALTER TABLE made.other SET UNLOGGED",
    "ALTER TABLE made.one DISABLE TRIGGER told",
    "ALTER TABLE made.one DROP CONSTRAINT one_name_check",
    "ALTER TABLE made.one ADD UNIQUE (name)",
    "CREATE TABLE made.heir () INHERITS (made.one)",
    "CREATE RULE dropped AS ON DELETE TO made.one DO INSTEAD NOTHING",
    "CREATE STATISTICS made.both ON id, name FROM made.one",
    "DROP TABLE made.other CASCADE",
    "DROP INDEX made.named",
    "DROP INDEX made.named; CREATE INDEX named ON made.one (lower(name))",
    "CREATE OR REPLACE VIEW made.numbered AS SELECT id + 1 AS id FROM made.other",
    "ALTER SEQUENCE made.numbers INCREMENT 2",
    # All else.
    "ALTER TYPE made.mood ADD VALUE 'so-so'",
    "CREATE TYPE made.pair AS (a int, b int)",
    "ALTER DOMAIN made.short DROP CONSTRAINT short_check",
    "DROP EXTENSION plpgsql CASCADE",
    "CREATE EVENT TRIGGER heard ON sql_drop EXECUTE FUNCTION made.heard()",
    "CREATE OR REPLACE FUNCTION made.squared(n int) RETURNS int RETURN n * n * n",
    "ALTER FUNCTION made.told() SECURITY DEFINER",
    "CREATE CAST (made.mood AS int) WITH INOUT",
    'CREATE COLLATION made.own FROM "C"',
    "CREATE OPERATOR made.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
    "CREATE PUBLICATION told",
    "CREATE FOREIGN DATA WRAPPER nothing",
    "COMMENT ON TABLE made.one IS 'one'",
    "SELECT lo_create(0)",
    on_database("ALTER DATABASE %I SET work_mem = 1024"),
    on_database("ALTER DATABASE %I CONNECTION LIMIT 9"),
]

PASSING = [
    "INSERT INTO made.one VALUES (1, 'Ada')",
    "TRUNCATE made.one, made.other",
    "INSERT INTO made.one SELECT n, 'Ada' FROM generate_series(1, 99) AS n; ANALYZE made.one",
    "SELECT nextval('made.numbers')",
    "CREATE TABLE made.more (id int REFERENCES made.other (id)); DROP TABLE made.more",
    "CREATE VIEW made.more AS SELECT 1 AS one; DROP VIEW made.more",
    "CREATE TEMPORARY TABLE more (id int); DROP TABLE more",
    "ALTER TABLE made.one SET (fillfactor = 50); ALTER TABLE made.one RESET (fillfactor)",
]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """In a transaction."""
    connection = await asyncpg.connect(database_url)
    async with undone(connection):
        await connection.execute(MADE)
        yield connection
    await connection.close()


@asynccontextmanager
async def undone(connection: asyncpg.Connection) -> AsyncIterator[None]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


async def test_a_change_is_seen(connection: asyncpg.Connection, subtests: pytest.Subtests) -> None:
    catalogue = await Catalogue.of(connection, ALL)
    for change in CHANGES:
        with subtests.test(change):
            async with undone(connection):
                await connection.execute(change)
                assert not await catalogue.is_of(connection)
            assert await catalogue.is_of(connection)


async def test_what_leaves_nothing_but_rows_is_none(
    connection: asyncpg.Connection, subtests: pytest.Subtests
) -> None:
    catalogue = await Catalogue.of(connection, ALL)
    for passing in PASSING:
        with subtests.test(passing):
            async with undone(connection):
                await connection.execute(passing)
                assert await catalogue.is_of(connection)
