"""The demo plays in a database that is its own, and drops none in which somebody has worked."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.cli.server.demo_database import keep, new_stage
from app.errors import ConfigurationError, Conflict
from app.migrate import ensure_database, with_database
from tests.support.servers.choice import TestServers

FIRST, SECOND = (f"sluice_demo_{os.getpid()}_{number}" for number in (1, 2))


@pytest.fixture
async def dsn(servers: TestServers) -> AsyncIterator[str]:
    yield servers.database_url
    admin = await asyncpg.connect(servers.database_url)
    for name in (FIRST, SECOND):
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.close()


async def played(dsn: str) -> str:
    """A demonstration that writes something. Where it did."""
    async with new_stage(dsn, [FIRST, SECOND]) as made:
        connection = await asyncpg.connect(made.dsn)
        await connection.execute("CREATE TABLE played ()")  # fails where it was played before
        await connection.close()
        return made.name


async def test_it_plays_again_where_only_it_has_played(dsn: str) -> None:
    assert [await played(dsn) for _ in range(3)] == [FIRST] * 3


async def test_what_somebody_has_built_in_its_database_stays(dsn: str) -> None:
    assert await played(dsn) == FIRST
    own = await ensure_database(dsn, FIRST)
    await keep(own, FIRST)  # as make serve does
    working = await asyncpg.connect(own)
    await working.execute("CREATE TABLE built ()")
    await working.close()
    assert [await played(dsn), await played(dsn)] == [SECOND] * 2
    looking = await asyncpg.connect(own)
    assert await looking.fetch("SELECT * FROM built, played") == []
    await looking.close()


async def test_a_database_of_this_name_that_the_demo_did_not_make_stays(dsn: str) -> None:
    await ensure_database(dsn, FIRST)
    assert await played(dsn) == SECOND


async def test_a_killed_demo_is_ended_and_whoever_else_is_connected_is_not(dsn: str) -> None:
    async with new_stage(dsn, [FIRST, SECOND]) as made:
        leftover = await asyncpg.connect(made.dsn)
    assert await played(dsn) == FIRST
    leftover.terminate()
    looking = [await asyncpg.connect(with_database(dsn, FIRST))]
    assert await played(dsn) == SECOND
    looking.append(await asyncpg.connect(with_database(dsn, SECOND)))
    with pytest.raises(Conflict, match=f"the database {SECOND} anew, and somebody uses it"):
        await played(dsn)
    for connection in looking:
        assert await connection.fetch("SELECT * FROM played") == []
        await connection.close()


async def test_two_demos_do_not_run_at_once_even_from_within_its_database(dsn: str) -> None:
    async with new_stage(dsn, [FIRST, SECOND]) as made:
        assert make_url(made.dsn).database == FIRST
        with pytest.raises(Conflict, match="Another"):
            await played(made.dsn)


async def test_who_may_make_no_database_is_told_how_to_do_without(dsn: str) -> None:
    tenant = f"sluice_tenant_{os.getpid()}"
    admin = await asyncpg.connect(dsn)
    if not await admin.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        pytest.skip("the user of TEST_DATABASE_URL may make no other user")
    await admin.execute(f"CREATE ROLE {tenant} LOGIN PASSWORD 'tenant'")
    try:
        given = make_url(dsn).set(username=tenant, password="tenant")
        with pytest.raises(ConfigurationError, match="Leave DATABASE_URL out"):
            await played(given.render_as_string(hide_password=False))
    finally:
        await admin.execute(f"DROP ROLE {tenant}")
        await admin.close()
