"""Two services in one database: each with a schema of its own, and neither disturbs the other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from app.connections.schema import SCHEMA, in_schema
from app.declared_tables import service_tables
from app.migrate import migrate
from app.store.histories import SLUICE
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.servers.histories import own_history, tables_of
from tests.support.service import Opener

OTHER = "billing"


@pytest.fixture
async def other(opener: Opener, tmp_path: Path) -> Opener:
    """Opens a service in the schema ``billing`` of the same database."""
    services = own_history(tmp_path, nothing="SELECT 1")
    await migrate(opener.urls.database, schema=OTHER, histories=(SLUICE, services))
    changes = {"db_schema": OTHER, "redis_prefix": f"{opener.settings.redis_prefix}-other"}
    return Opener(opener.settings.model_copy(update=changes), opener.urls)


async def test_each_has_its_own_tables_runs_and_messages(opener: Opener, other: Opener) -> None:
    one, two = Recording(), Recording()
    async with opener(one) as ours, other(two) as theirs:
        await ours.add_users(30)
        waits = await theirs.start()
        async with ours.worker():
            run = await ours.ended(await ours.start())
            await ours.drained()
        assert (run.status, run.succeeded) == ("succeeded", 30)
        assert two.executed.total() == 0
        assert (await theirs.run(waits)).scheduled == 0
        async with theirs.worker():
            assert (await theirs.ended(waits)).succeeded == 30
            await theirs.drained()
        assert one.executed.total() == two.executed.total() == 30
        assert await ours.queued() == await theirs.queued() == 0
        assert await ours.sql("SELECT count(*) FROM sluice.run") == [(1,)]
        assert await ours.sql(f"SELECT count(*) FROM {OTHER}.run") == [(1,)]  # noqa: S608 - ours

    connection = await asyncpg.connect(opener.urls.database)
    try:
        assert await tables_of(connection, OTHER) == await tables_of(connection, SCHEMA)
        declared = {table.name for table in service_tables().sorted_tables}
        assert await tables_of(connection, "public") == declared
    finally:
        await connection.close()


async def test_neither_hears_the_other_nor_waits_for_it(opener: Opener, other: Opener) -> None:
    async with opener(Recording()) as ours, other(Recording()) as theirs:
        heard: asyncio.Queue[tuple[str, str | None]] = asyncio.Queue()
        with (
            ours.service.changes.heard_by(lambda run: heard.put_nowait(("ours", run))),
            theirs.service.changes.heard_by(lambda run: heard.put_nowait(("theirs", run))),
        ):
            async with asyncio.timeout(PATIENCE):
                began = {await heard.get(), await heard.get()}
                assert began == {("ours", None), ("theirs", None)}
                async with ours.service.database.begin() as tx:
                    # Of what the other would wait for, were it called alike.
                    for name in ("sluice.schedules", "sluice.family:recording"):
                        await tx.exec_driver_sql(
                            f"SELECT pg_advisory_xact_lock(hashtextextended('{name}', 0))"
                        )
                    first = await theirs.start()
                    assert await heard.get() == ("theirs", first)
                second = await ours.start()
                assert await heard.get() == ("ours", second)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("SELECT 1 FROM sluice.run", "SELECT 1 FROM billing.run"),
        ("(sluice.run)", "(billing.run)"),
        ("lock('sluice.migrate')", "lock('billing.migrate')"),
        ("INSERT INTO my_sluice.run", "INSERT INTO my_sluice.run"),
        ("url = 'https://sluice.example'", "url = 'https://sluice.example'"),
        ("other.sluice.run", "other.sluice.run"),
    ],
)
def test_only_the_name_of_the_schema_is_put_in_its_place(said: str, meant: str) -> None:
    assert in_schema(said, OTHER) == meant
    assert in_schema(said, SCHEMA) == said
