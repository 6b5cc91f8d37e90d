"""``sluice seed``, and what the demonstrations' service does by itself."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from pathlib import Path

import asyncpg

from app.connections.postgres_url import changed
from app.connections.schema import SCHEMA
from app.migrate import migrate
from app.store.histories import SLUICE
from tests.cli.command import Sluice, stop, wait_for
from tests.support.servers.ports import free_port

HEADER = "email,name,locale,interests,active,paid\n"


async def test_seeding_again_updates_and_keeps_ids(
    sluice: Sluice, migrated: str, tmp_path: Path
) -> None:
    file = tmp_path / "users.csv"
    file.write_text(f"{HEADER}ada@example.org,Ada,en-GB,maths,true,true\n")
    assert sluice.run("seed", "--users", str(file)).stdout == "1 user: 1 new, 0 updated\n"
    before = await _user(migrated, "ada@example.org")
    file.write_text(
        f"{HEADER}Ada@Example.org,Ada L.,en-GB,maths,true,true\nb@example.org,B,de,,true,false\n"
    )
    assert sluice.run("seed", "--users", str(file)).stdout == "2 users: 1 new, 1 updated\n"
    after = await _user(migrated, "ada@example.org")
    assert before is not None
    assert after is not None
    assert (after["id"], after["name"]) == (before["id"], "Ada L.")
    assert after["id"].startswith("usr_")


async def test_one_bad_row_is_named_and_nothing_is_written(
    sluice: Sluice, migrated: str, tmp_path: Path
) -> None:
    file = tmp_path / "users.csv"
    file.write_text(
        f"{HEADER}good@example.org,Good,en,x,true,true\nbad@example.org,Bad,en,x,perhaps,true\n"
    )
    assert sluice.refused("seed", "--users", str(file)) == (
        "users.csv line 3: active: it must be true or false, not 'perhaps'."
    )
    assert await _user(migrated, "good@example.org") is None


async def _user(dsn: str, email: str) -> asyncpg.Record | None:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchrow('SELECT * FROM "user" WHERE email = $1', email)
    finally:
        await connection.close()


def test_it_names_the_command_that_makes_missing_tables(sluice: Sluice, empty: str) -> None:
    assert "sluice migrate" in sluice.refused("seed", DATABASE_URL=empty)


async def test_nothing_is_written_to_a_table_of_that_name_which_is_somebody_elses(
    sluice: Sluice, migrated: str, empty: str, tmp_path: Path
) -> None:
    """An application's database: a table of that name is there, and no service's tables."""
    await migrate(empty, histories=(SLUICE,))
    columns = await _columns(migrated)
    connection = await asyncpg.connect(empty)
    try:
        await connection.execute(f'CREATE TABLE "user" ({columns})')
        await connection.execute('ALTER TABLE "user" ADD UNIQUE (email), ADD PRIMARY KEY (id)')
        file = tmp_path / "users.csv"
        file.write_text(f"{HEADER}ada@example.org,Ada,en-GB,maths,true,true\n")
        for named in ([], ["--users", str(file)]):
            said = sluice.refused("seed", *named, DATABASE_URL=empty)
            refused = sluice.refused("migrate", DATABASE_URL=empty)
            assert refused.startswith("A migration of alembic/service makes what is there already")
            assert said == (
                "The database has none of the service's tables yet. Make them with: sluice migrate."
                f" It is refused: {refused}"
            )
        assert await connection.fetchval('SELECT count(*) FROM "user"') == 0
    finally:
        await connection.close()


async def test_where_the_search_path_leads_elsewhere_the_tables_there_are_told_and_stay(
    sluice: Sluice, empty: str
) -> None:
    """The migrations made their tables, and the role was led to an application's afterwards."""
    await migrate(empty)
    connection = await asyncpg.connect(empty)
    try:
        await connection.execute(
            'CREATE SCHEMA shop; CREATE TABLE shop."user" (id int PRIMARY KEY, email text UNIQUE)'
        )
        joined = "&" if "?" in empty else "?"
        said = sluice.refused("seed", DATABASE_URL=f"{empty}{joined}search_path=shop")
        assert said.startswith("Nothing was written: the tables to which the search_path")
        assert "does not exist" in said
        assert "ALTER ROLE … SET search_path" in said
        assert await connection.fetchval('SELECT count(*) FROM shop."user"') == 0
    finally:
        await connection.close()


async def test_a_role_that_may_not_write_to_the_tables_is_told(sluice: Sluice, empty: str) -> None:
    await migrate(empty)
    name = f"reader_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(empty)
    try:
        await connection.execute(
            f"CREATE ROLE {name} LOGIN PASSWORD 'secret';"
            f"GRANT USAGE ON SCHEMA public, {SCHEMA} TO {name};"
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public, {SCHEMA} TO {name}"
        )
        reader = changed(empty, lambda url: replace(url, user=name, password="secret"))
        said = sluice.refused("seed", DATABASE_URL=reader)
        assert said.startswith("Nothing was written: the role of DATABASE_URL may not write to")
        assert "permission denied for table" in said
        assert "search_path" not in said
    finally:
        await connection.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")
        await connection.close()


async def _columns(dsn: str) -> str:
    """Of the service's table, as SQL."""
    connection = await asyncpg.connect(dsn)
    try:
        columns: str = await connection.fetchval(
            """
            SELECT string_agg(concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod),
                'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY attnum)
            FROM pg_attribute LEFT JOIN pg_attrdef d ON (adrelid, adnum) = (attrelid, attnum)
            WHERE attrelid = '"user"'::regclass AND attnum > 0 AND NOT attisdropped
            """
        )
        return columns
    finally:
        await connection.close()


async def test_a_database_that_was_given_is_not_seeded(
    sluice: Sluice, empty: str, tmp_path: Path
) -> None:
    assert sluice.run("migrate", "--demo", DATABASE_URL=empty).returncode == 0
    port = str(free_port())  # the module's service may have the other one
    given = Sluice({**sluice.env, "DATABASE_URL": empty, "SLUICE_PORT": port})
    log = tmp_path / "log"
    process = given.start("serve", "--demo", log=log)
    connection = await asyncpg.connect(empty)
    try:
        await asyncio.to_thread(wait_for, "Sluice listens on", log, process)
        assert await connection.fetchval('SELECT count(*) FROM "user"') == 0
    finally:
        stop(process)
        await connection.close()
