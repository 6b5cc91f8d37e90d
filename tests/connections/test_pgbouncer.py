"""A real PgBouncer between the service and Postgres."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.bootstrap import Urls
from app.connections.postgres_url import changed
from app.errors import ConfigurationError
from app.migrate import migrate
from app.settings import Settings
from app.store.pooler import Pooling, pooling_of
from tests.support.families import Recording
from tests.support.servers.databases import Databases
from tests.support.servers.pgbouncer import PROGRAM, pgbouncer
from tests.support.service import Opener, assert_exact

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")


async def test_what_stands_before_postgres_is_found_out(database_url: str) -> None:
    assert await pooling_of(database_url) is Pooling.NONE
    with pgbouncer(database_url, "session") as url:
        assert await pooling_of(url) is Pooling.SESSION
    with pgbouncer(database_url, "transaction") as url:
        assert await pooling_of(url) is Pooling.TRANSACTION


async def test_in_session_mode_everything_works_as_it_stands(
    settings: Settings, urls: Urls
) -> None:
    with pgbouncer(urls.database, "session") as url:
        async with Opener(settings, replace(urls, database=url))(Recording()) as sluice:
            run = await sluice.played(60)
            assert (run.status, run.succeeded) == ("succeeded", 60)
            assert_exact(run, await sluice.items(run.id))


async def test_the_tables_are_made_through_session_mode(databases: Databases) -> None:
    async with databases.one() as database:
        dsn = database.dsn
        with pgbouncer(dsn, "session") as url:
            await migrate(url)


async def test_in_transaction_mode_everything_works_with_a_listening_url(
    settings: Settings, urls: Urls
) -> None:
    with pgbouncer(urls.database, "transaction") as url:
        pooled = replace(urls, database=url, listen=urls.database)
        async with Opener(settings, pooled)(Recording()) as sluice:
            await sluice.add_users(120)
            async with sluice.worker():
                for force in (False, True):
                    run = await sluice.ended(await sluice.start(force=force))
                    assert (run.status, run.succeeded) == ("succeeded", 120)
                    assert_exact(run, await sluice.items(run.id))
            [(scan,)] = await sluice.sql("SELECT current_setting('enable_seqscan')")
            assert scan == "on"  # what the ledger sets does not reach who shares its connection


async def test_a_setting_of_the_ledger_holds_in_its_transactions(
    settings: Settings, urls: Urls
) -> None:
    with pgbouncer(urls.database, "transaction") as url:
        pooled = replace(urls, database=url, listen=urls.database)
        async with (
            Opener(settings, pooled)(Recording()) as sluice,
            sluice.service.pools.ledger.begin() as tx,
        ):
            found = await tx.exec_driver_sql("SELECT current_setting('enable_seqscan')")
            assert found.scalar() == "off"


async def test_transaction_mode_without_a_listening_url_is_refused_with_what_to_set(
    settings: Settings, urls: Urls
) -> None:
    with pgbouncer(urls.database, "transaction") as url:
        opening = Opener(settings, replace(urls, database=url))(Recording())
        with pytest.raises(ConfigurationError, match="SLUICE_LISTEN_URL"):
            await opening.__aenter__()
        with pytest.raises(ConfigurationError, match="SLUICE_LISTEN_URL"):
            await migrate(url)


async def test_a_listening_url_that_is_pooled_by_transaction_too_is_refused(
    settings: Settings, urls: Urls
) -> None:
    with pgbouncer(urls.database, "transaction") as url:
        opening = Opener(settings, replace(urls, listen=url))(Recording())
        with pytest.raises(ConfigurationError, match="SLUICE_LISTEN_URL leads to a pooler"):
            await opening.__aenter__()


async def test_a_listening_url_of_another_database_is_refused(
    settings: Settings, urls: Urls, databases: Databases
) -> None:
    async with databases.one() as another:
        other = another.dsn

        opening = Opener(settings, replace(urls, listen=other))(Recording())
        with pytest.raises(ConfigurationError, match="another database"):
            await opening.__aenter__()


async def test_settings_in_the_url_are_refused_where_the_pooler_would_lose_them(
    settings: Settings, urls: Urls
) -> None:
    with pgbouncer(urls.database, "transaction") as url:
        setting = changed(url, lambda parsed: replace(parsed, settings={"search_path": "public"}))
        pooled = replace(urls, database=setting, listen=urls.database)
        opening = Opener(settings, pooled)(Recording())
        with pytest.raises(ConfigurationError, match="search_path"):
            await opening.__aenter__()
