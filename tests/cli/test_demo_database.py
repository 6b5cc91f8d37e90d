"""The demo drops its own database, and only when nobody works on it."""

from __future__ import annotations

import os

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.errors import Conflict
from app.migrate import ensure_database
from app.store.demo_database import connecting_as_demo, dropped
from tests.support.servers import TestServers

NAME = f"sluice_dropped_{os.getpid()}"


async def test_a_killed_demo_is_ended_and_a_service_is_not(servers: TestServers) -> None:
    dsn = await ensure_database(servers.database_url, NAME)
    leftover = await asyncpg.connect(connecting_as_demo(dsn))
    working = await asyncpg.connect(dsn)
    try:
        with pytest.raises(Conflict, match="is in use"):
            async with dropped(servers.database_url, NAME):
                pytest.fail("it was dropped under a service")
        assert await working.fetchval("SELECT current_database()") == NAME
    finally:
        await working.close()
    async with dropped(servers.database_url, NAME):
        assert not await _exists(servers)
    leftover.terminate()


async def test_two_demos_do_not_run_at_once_even_from_within_its_database(
    servers: TestServers,
) -> None:
    own = await ensure_database(servers.database_url, NAME)
    async with dropped(own, NAME) as elsewhere:
        assert make_url(elsewhere).database != NAME
        with pytest.raises(Conflict, match="Another"):
            async with dropped(servers.database_url, NAME):
                pytest.fail("two at once")
        assert not await _exists(servers)


async def _exists(servers: TestServers) -> bool:
    admin = await asyncpg.connect(servers.database_url)
    try:
        return bool(await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", NAME))
    finally:
        await admin.close()
