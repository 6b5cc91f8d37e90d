"""A worker opens the connections of its first item beforehand, where it can."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest
from structlog.typing import EventDict

from app.connections.postgres_url import changed
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener


@pytest.fixture
async def admin(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def tenant(admin: asyncpg.Connection) -> AsyncIterator[str]:
    """A role that may do what the tables' owner may, and whose connections can be limited."""
    name = f"tenant_{secrets.token_hex(6)}"
    owner = await admin.fetchval("SELECT current_user")
    await admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret' IN ROLE {owner}")
    yield name
    await admin.execute(f"DROP ROLE {name}")


async def test_a_worker_that_gets_no_connection_at_first_begins_once_there_is_one(
    opener: Opener, admin: asyncpg.Connection, tenant: str, logged: list[EventDict]
) -> None:
    dsn = changed(opener.urls.database, lambda url: replace(url, user=tenant, password="secret"))
    limited = replace(opener, urls=replace(opener.urls, database=dsn))
    async with limited(Recording()) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        await admin.execute(f"ALTER ROLE {tenant} CONNECTION LIMIT 1")
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while "queue_unreachable" not in [one["event"] for one in logged]:
                    await asyncio.sleep(0.02)
            await admin.execute(f"ALTER ROLE {tenant} CONNECTION LIMIT -1")
            assert (await sluice.ended(run_id)).succeeded == 3
