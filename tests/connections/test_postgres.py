"""Postgres as it should not be, and connections that were closed while nobody looked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy import text

from app.connections.postgres_url import PostgresUrl
from app.errors import ConfigurationError, Unavailable
from app.store.database import open_database, reading
from app.store.histories import SLUICE, known_revisions
from app.store.readiness import require_migrated
from tests.support.families import Recording, Welcoming
from tests.support.http import api, assert_problem
from tests.support.logged import warnings_logged
from tests.support.network.wire import wire_to
from tests.support.patience import PATIENCE
from tests.support.service import Opener

AT = "UPDATE sluice.alembic_version SET version_num = :revision"
END_ALL = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@asynccontextmanager
async def operator(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        dsn, server_settings={"default_transaction_read_only": "off"}
    )
    try:
        yield connection
    finally:
        await connection.close()


async def turn_read_only(dsn: str, value: str = "on") -> None:
    """As after a failover: whoever was connected has to connect anew, and can only read."""
    name = PostgresUrl.parse(dsn).database
    async with operator(dsn) as connection:
        await connection.execute(
            f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}'
        )
        await connection.execute(END_ALL)


async def test_a_read_only_postgres_is_a_503_with_a_sentence_and_not_ready(opener: Opener) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        await turn_read_only(opener.urls.database)
        path = "/api/workflows/welcome-placeholder/process-users"
        document = assert_problem(await caller.post(path, json={}), 503)
        assert "takes no writes" in document["detail"]
        assert (await caller.post(path, json={"dryRun": True})).status_code == 200
        ready = await caller.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"] == {"postgres": False, "redis": True}
        assert "takes no writes" in ready.json()["reasons"]["postgres"]

        await turn_read_only(opener.urls.database, "off")
        assert (await caller.post(path, json={})).status_code == 202
        assert (await caller.get("/readyz")).json()["reasons"] == {}


async def test_a_worker_on_a_read_only_postgres_backs_off_and_goes_on_afterwards(
    opener: Opener,
) -> None:
    async with opener(Recording(), watchdog_seconds=0.2) as sluice:
        await sluice.add_users(3)
        with warnings_logged() as logged:
            async with sluice.worker():
                async with asyncio.timeout(PATIENCE):
                    while not await sluice.sql("SELECT 1 FROM sluice.consumer"):
                        await asyncio.sleep(0.02)
                await turn_read_only(opener.urls.database)
                async with asyncio.timeout(PATIENCE):
                    while not any(e["event"] == "queue_unreachable" for e in logged):
                        await asyncio.sleep(0.02)
                await asyncio.sleep(3)  # 699 times in 45 s is what it was
                told = [e for e in logged if e["event"] == "queue_unreachable"]
                assert max(e["times"] for e in told) <= 4  # of two loops, each begins once …
                assert len(told) <= 2 * 3  # … and names its reasons once
                assert any("takes no writes" in e.get("reason", "") for e in told)
                await turn_read_only(opener.urls.database, "off")
                run = await sluice.ended(await sluice.start())
                assert run.succeeded == 3
        ended = [e for e in logged if e["event"] == "queue_unreachable" and e["state"] == "ended"]
        assert 1 <= len(ended) <= 2
        assert len(logged) < 40
        assert not [e for e in logged if e.get("exc_info")]
        stumbled = [e["state"] for e in logged if e["event"] == "watchdog_stumbled"]
        # Once for each time that its connections were cut, and not with each look.
        assert stumbled.count("ended") <= 2


async def test_a_service_does_not_start_on_a_read_only_postgres_and_says_why(
    opener: Opener,
) -> None:
    await turn_read_only(opener.urls.database)
    with pytest.raises(Unavailable, match="takes no writes"):
        await opener(Recording()).__aenter__()


async def test_the_first_call_after_idle_connections_were_closed_is_answered(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        assert (await caller.get("/api/runs")).status_code == 200
        async with operator(opener.urls.database) as connection:
            await connection.execute(END_ALL)
        assert (await caller.get("/api/runs")).status_code == 200


async def test_a_connection_whose_other_side_is_gone_without_a_word_is_replaced(
    database_url: str,
) -> None:
    async with wire_to(database_url) as (wire, through):
        database = open_database(through, pool_size=1, idle=0.0)
        try:
            async with reading(database) as connection:
                first = await connection.scalar(text("SELECT pg_backend_pid()"))
            wire.forget()
            async with asyncio.timeout(PATIENCE), reading(database) as connection:
                assert await connection.scalar(text("SELECT pg_backend_pid()")) != first
        finally:
            await database.dispose()


async def test_tables_that_were_not_brought_up_to_date_are_told_with_the_command(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        now, older = known_revisions(SLUICE)[0], known_revisions(SLUICE)[-1]
        await sluice.sql(AT, revision=older)
        ready = await caller.get("/readyz")
        assert ready.status_code == 503
        assert "sluice migrate" in ready.json()["reasons"]["postgres"]
        assert older in ready.json()["reasons"]["postgres"]
        with pytest.raises(ConfigurationError, match="sluice migrate"):
            await opener(Recording()).__aenter__()

        await sluice.sql(AT, revision="of_a_newer_version")
        await require_migrated(sluice.service.database)
        await sluice.sql(AT, revision=now)
        assert (await caller.get("/readyz")).status_code == 200


async def test_a_database_without_tables_is_told_with_the_command(opener: Opener) -> None:
    url = replace(PostgresUrl.parse(opener.urls.database), database="template1")
    empty = replace(opener, urls=replace(opener.urls, database=str(url)))
    with pytest.raises(ConfigurationError, match="none of Sluice's tables yet"):
        await empty(Recording()).__aenter__()
