"""A database that has an application's own tables, under the very names that ours have."""

from __future__ import annotations

import json
import secrets
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Column, Integer, MetaData, Select, Table
from sqlmodel import AutoString, Field, SQLModel, col, select

from alembic import command
from app.bootstrap import Urls
from app.connections.postgres_url import changed
from app.connections.schema import SCHEMA
from app.declared_tables import THEIRS, application_tables, service_tables, sluice_tables
from app.errors import ConfigurationError
from app.migrate import config_of, migrate
from app.required_tables import require_tables
from app.settings import Settings
from app.store.database import open_database
from app.store.histories import HISTORIES, SERVICE, SLUICE, MigrationHistory
from app.store.readiness import require_migrated
from app.workflows.family import Context, Entity, FamilyParams, JobFamily
from tests.support.servers.choice import TestServers
from tests.support.servers.histories import empty_database, own_history, tables_of, write_migration
from tests.support.service import Opener

APPLICATION = """
CREATE TABLE "user" (id bigint PRIMARY KEY, mail text NOT NULL, active boolean NOT NULL);
CREATE TABLE run (id serial PRIMARY KEY, distance numeric);
CREATE TABLE item (sku text PRIMARY KEY, price numeric NOT NULL);
CREATE TABLE step (id serial PRIMARY KEY, user_id bigint REFERENCES "user");
CREATE TABLE output (id serial PRIMARY KEY, lines text[]);
CREATE TABLE worker (name text PRIMARY KEY);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
CREATE TABLE message (id serial PRIMARY KEY, status text);
INSERT INTO "user" SELECT n, n || '@example.com', n <> 3 FROM generate_series(1, 5) AS n;
INSERT INTO run (distance) VALUES (42.195);
INSERT INTO item VALUES ('tea', 3.5);
INSERT INTO step (user_id) VALUES (1);
INSERT INTO output (lines) VALUES ('{one,two}');
INSERT INTO worker VALUES ('ada');
INSERT INTO alembic_version VALUES ('1a2b3c4d5e6f');
INSERT INTO message (status) VALUES ('theirs');
"""
GREETINGS = 'CREATE TABLE greeting (user_id bigint PRIMARY KEY REFERENCES "user", text text)'


class Account(SQLModel, table=True):
    """The application's table, as far as the family needs to know it."""

    __tablename__ = "user"
    metadata = MetaData()

    id: int = Field(primary_key=True)
    active: bool


class Greeting(JobFamily[FamilyParams, str, str]):
    name = "greeting"
    entity = Entity("user", "users")
    verb = "greet"

    def __init__(self) -> None:
        self.greeted: Counter[str] = Counter()

    def eligible(self, params: FamilyParams) -> Select[int]:
        return select(Account.id).where(col(Account.active))

    async def load(self, item_id: str, ctx: Context) -> str | None:
        async with ctx.session() as session:
            account = await session.get(Account, int(item_id))
        return None if account is None else str(account.id)

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        return f"Hello, {entity}"

    async def save(self, entity: str, result: str, params: FamilyParams, ctx: Context) -> None:
        self.greeted[entity] += 1


async def everything_in_public(connection: asyncpg.Connection) -> dict[str, object]:
    """Each table, with its columns and its rows."""
    found: dict[str, object] = {}
    for name in await tables_of(connection, "public"):
        rows = await connection.fetchval(f'SELECT json_agg(t ORDER BY t::text) FROM "{name}" AS t')  # noqa: S608 - the catalogue's own name
        columns = await connection.fetch(
            "SELECT attname, atttypid::regtype::text FROM pg_attribute WHERE attnum > 0"
            " AND attrelid = format('public.%I', $1::text)::regclass",
            name,
        )
        found[name] = (json.loads(rows or "[]"), [tuple(column) for column in columns])
    return found


@pytest.fixture
async def existing(servers: TestServers) -> AsyncIterator[str]:
    """The DSN of the application's database."""
    async with empty_database(servers.database_url) as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute(APPLICATION)
        await connection.close()
        yield dsn


@pytest.fixture
async def looking(existing: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(existing)
    yield connection
    await connection.close()


async def test_a_run_over_the_applications_own_table_leaves_the_application_as_it_was(
    existing: str,
    looking: asyncpg.Connection,
    settings: Settings,
    servers: TestServers,
    tmp_path: Path,
) -> None:
    before = await everything_in_public(looking)
    services = own_history(tmp_path, greetings=GREETINGS)
    await migrate(existing, histories=(SLUICE, services))
    family = Greeting()
    async with Opener(settings, Urls(existing, servers.redis_url))(family) as sluice:
        run_id = await sluice.start()
        async with sluice.worker():
            run = await sluice.ended(run_id)
    assert (run.status, run.succeeded) == ("succeeded", 4)
    assert family.greeted == Counter({"1": 1, "2": 1, "4": 1, "5": 1})
    after = await everything_in_public(looking)
    assert after.pop("greeting") == ([], [("user_id", "bigint"), ("text", "text")])
    assert after == before
    ours = {table.name for table in sluice_tables().sorted_tables}
    versions = {history.version_table for history in HISTORIES}
    assert await tables_of(looking, SCHEMA) == ours | versions
    [owned] = await looking.fetchrow(
        "SELECT count(*) FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace"
        " WHERE nspname = 'public'"
    )
    assert owned == 0


async def test_a_migration_that_fails_leaves_nothing_and_can_be_tried_again(
    existing: str, looking: asyncpg.Connection, tmp_path: Path
) -> None:
    broken = "CREATE TABLE half (id int); INSERT INTO half VALUES (1); SELECT 1 / 0"
    services = own_history(tmp_path, greetings=GREETINGS, broken=broken)
    with pytest.raises(Exception, match="division by zero"):
        await migrate(existing, histories=(SLUICE, services))
    made = await tables_of(looking, "public")
    assert "greeting" in made
    assert "half" not in made
    at = f"SELECT version_num FROM {SCHEMA}.service_version"  # noqa: S608 - our own name
    assert await looking.fetchval(at) == "greetings"

    write_migration(services, "broken", "greetings", "CREATE TABLE half (id int)")
    await migrate(existing, histories=(SLUICE, services))
    assert "half" in await tables_of(looking, "public")
    assert await looking.fetchval(at) == "broken"


async def test_a_table_that_is_there_already_is_told_by_its_name_and_stays_as_it_is(
    existing: str, looking: asyncpg.Connection, tmp_path: Path
) -> None:
    before = await everything_in_public(looking)
    services = own_history(tmp_path, users='CREATE TABLE "user" (id text PRIMARY KEY)')
    with pytest.raises(ConfigurationError, match=r'"user" already exists.*docs/guides/adopting.md'):
        await migrate(existing, histories=(SLUICE, services))
    assert await everything_in_public(looking) == before


@pytest.fixture
async def role(existing: str, looking: asyncpg.Connection) -> AsyncIterator[str]:
    """A role that may read the application's users, and make nothing."""
    name = f"batch_{secrets.token_hex(6)}"
    await looking.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    await looking.execute("REVOKE CREATE ON SCHEMA public FROM public")
    await looking.execute(f'GRANT SELECT ON "user" TO {name}')
    yield name
    await looking.execute(f"DROP OWNED BY {name} CASCADE")
    await looking.execute(f"DROP ROLE {name}")


async def test_a_role_that_owns_the_schema_alone_is_enough(
    existing: str,
    looking: asyncpg.Connection,
    role: str,
    settings: Settings,
    servers: TestServers,
    tmp_path: Path,
) -> None:
    dsn = changed(existing, lambda url: replace(url, user=role, password="secret"))
    services = own_history(tmp_path, nothing="SELECT 1")
    with pytest.raises(ConfigurationError, match=r"permission denied.*AUTHORIZATION") as refused:
        await migrate(dsn, histories=(SLUICE, services))
    assert await _told_without_tables(dsn, SCHEMA) == NONE_OF_OURS + refused.value.detail
    await looking.execute(f"CREATE SCHEMA {SCHEMA} AUTHORIZATION {role}")
    await migrate(dsn, histories=(SLUICE, services))
    making = {"nothing": "SELECT 1", "table": "CREATE TABLE ours (id int)"}
    makes = own_history(tmp_path / "making", **making)
    with pytest.raises(ConfigurationError, match=r"schema public.*SET search_path"):
        await migrate(dsn, histories=(SLUICE, makes))
    async with Opener(settings, Urls(dsn, servers.redis_url))(Greeting()) as sluice:
        run_id = await sluice.start()
        async with sluice.worker():
            assert (await sluice.ended(run_id)).succeeded == 4


NONE_OF_OURS = (
    "The database has none of Sluice's tables yet. Make them with: sluice migrate. It is refused: "
)


async def _told_without_tables(dsn: str, schema: str) -> str:
    """By a command that needs them."""
    database = open_database(dsn, pool_size=1, schema=schema)
    try:
        with pytest.raises(ConfigurationError) as caught:
            await require_tables(database)
    finally:
        await database.dispose()
    return caught.value.detail


@pytest.mark.parametrize("there", [True, False])
async def test_no_table_of_the_service_is_made_among_ours(
    existing: str, looking: asyncpg.Connection, role: str, tmp_path: Path, there: bool
) -> None:
    """The search path of a role begins with the schema of its name."""
    if there:
        await looking.execute(f"CREATE SCHEMA {role} AUTHORIZATION {role}")
    else:
        await looking.execute(f"GRANT CREATE ON DATABASE {await _database(looking)} TO {role}")
    dsn = changed(existing, lambda url: replace(url, user=role, password="secret"))
    services = own_history(tmp_path, greetings="CREATE TABLE greeting (id int)")
    both = (SLUICE, services)
    with pytest.raises(ConfigurationError, match=r"among Sluice's own.*SET search_path"):
        await migrate(dsn, schema=role, histories=both)
    assert await tables_of(looking, role) == set()
    assert (await _has_schema(looking, role)) is there
    await looking.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
    await looking.execute(f"ALTER ROLE {role} SET search_path = public")
    await migrate(dsn, schema=role, histories=both)
    assert "greeting" in await tables_of(looking, "public")
    # Where they are once, they are brought up to date, wherever that is.
    await looking.execute(f"ALTER ROLE {role} RESET search_path")
    await migrate(dsn, schema=role, histories=both)


async def _database(connection: asyncpg.Connection) -> str:
    return f'"{await connection.fetchval("SELECT current_database()")}"'


async def _has_schema(connection: asyncpg.Connection, name: str) -> bool:
    return await connection.fetchval("SELECT to_regnamespace($1)", name) is not None


async def test_a_schema_of_somebody_elses_tables_is_told_and_stays_as_it_is(
    existing: str, looking: asyncpg.Connection
) -> None:
    await looking.execute("CREATE SCHEMA theirs; CREATE TABLE theirs.run (id int)")
    with pytest.raises(ConfigurationError, match=r'"run" already exists.*SLUICE_SCHEMA') as refused:
        await migrate(existing, schema="theirs", histories=(SLUICE,))
    assert await tables_of(looking, "theirs") == {"run"}
    assert await _told_without_tables(existing, "theirs") == NONE_OF_OURS + refused.value.detail


async def test_a_schema_with_somebody_elses_alembic_version_is_told_and_stays_as_it_is(
    existing: str, looking: asyncpg.Connection
) -> None:
    await looking.execute(
        "CREATE SCHEMA theirs; CREATE TABLE theirs.run (id int);"
        " CREATE TABLE theirs.alembic_version AS SELECT '1a2b3c4d5e6f' AS version_num"
    )
    database = open_database(existing, pool_size=1, schema="theirs")
    told = r"The schema theirs is somebody else's.*1a2b3c4d5e6f.*SLUICE_SCHEMA"
    try:
        with pytest.raises(ConfigurationError, match=told):
            await require_migrated(database)
    finally:
        await database.dispose()
    with pytest.raises(ConfigurationError, match=told):
        await migrate(existing, schema="theirs", histories=(SLUICE,))
    assert await tables_of(looking, "theirs") == {"run", "alembic_version"}


async def test_a_role_that_may_not_read_our_tables_is_told_so(existing: str, role: str) -> None:
    await migrate(existing, histories=(SLUICE,))
    dsn = changed(existing, lambda url: replace(url, user=role, password="secret"))
    database = open_database(dsn, pool_size=1)
    try:
        with pytest.raises(ConfigurationError, match=r"denied for schema sluice\. Let it own"):
            await require_migrated(database)
    finally:
        await database.dispose()


async def test_autogenerate_speaks_of_declared_tables_alone(
    database_url: str, tmp_path: Path
) -> None:
    """Neither of the application's, nor of one that a model declares as the application's."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE customer (id int PRIMARY KEY)")
    await connection.execute("CREATE TABLE ledger (id int PRIMARY KEY, theirs text)")
    await connection.execute("CREATE TABLE alembic_version (version_num varchar(32))")
    await connection.close()
    declared = Table("ledger", service_tables(), Column("id", Integer), info={THEIRS: True})
    written = {}
    try:
        assert declared in application_tables()
        for history in HISTORIES:
            copied = MigrationHistory(tmp_path / history.name, history.version_table)
            shutil.copytree(history.folder, copied.folder)
            written[history.name] = await _generated(database_url, copied, "Add a priority")
    finally:
        service_tables().remove(declared)
    for name, text in written.items():
        assert "op." not in text, name
        assert "pass" in text


async def test_a_migration_that_is_generated_names_no_type_of_sqlmodel(
    database_url: str, tmp_path: Path
) -> None:
    declared = Table(
        "coupon",
        service_tables(),
        Column("code", AutoString()),
        Column("short", AutoString(length=5)),
    )
    copied = MigrationHistory(tmp_path / SERVICE.name, SERVICE.version_table)
    shutil.copytree(SERVICE.folder, copied.folder)
    try:
        text = await _generated(database_url, copied, "Add a priority")
    finally:
        service_tables().remove(declared)
    assert "sqlmodel" not in text
    assert "sa.Column('code', sa.String(), nullable=True)" in text
    assert "sa.Column('short', sa.String(length=5), nullable=True)" in text


async def _generated(dsn: str, history: MigrationHistory, message: str) -> str:
    config = config_of(history)
    database = open_database(dsn, pool_size=1)
    try:
        async with database.connect() as connection:
            config.attributes["connection"] = connection.sync_connection
            await connection.run_sync(
                lambda _: command.revision(config, message=message, autogenerate=True)
            )
    finally:
        await database.dispose()
    [new] = (history.folder / "versions").glob("*_add_a_priority.py")
    return new.read_text("utf-8")
