"""``sluice migrate`` and ``sluice seed``: what is in the database before anything runs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from app.bootstrap import Urls, servers
from app.cli.output.console import number, open_console
from app.cli.server.environment import execute, located, prepared
from app.connections.postgres_url import PostgresUrl
from app.migrate import migrate
from app.seed.load import load_committed, load_users
from app.seed.read import read_rows
from app.seed.upserts import Written
from app.seed.user import SeedUser
from app.settings import Settings, load_settings
from app.store.database import open_database, service_key
from app.store.histories import SERVICE, SLUICE
from app.store.revision import revision


def bring_up_to_date(*, demo: bool) -> None:
    settings = load_settings()
    with servers(settings, with_redis=False) as urls:
        dsn, before, after = execute(_migrate(settings, urls, demo=demo))
    name = PostgresUrl.parse(dsn).database
    if before == after:
        open_console().print(f"The database {name} is up to date: revision {_told(after)}.")
    else:
        start = f"revision {_told(before)}" if any(before) else "no tables"
        open_console().print(
            f"Migrated the database {name} from {start} to revision {_told(after)}."
        )


Revisions = tuple[str | None, ...]
"""Of Sluice's own tables, and of the service's."""


def _told(revisions: Revisions) -> str:
    ours, services = revisions
    of_service = "none of the service's" if services is None else f"{services} of the service's"
    return f"{ours} of Sluice's tables, {of_service}"


async def _migrate(
    settings: Settings, urls: Urls, *, demo: bool
) -> tuple[str, Revisions, Revisions]:
    """The DSN, and the revisions before and after."""
    dsn = await located(settings, urls, demo=demo)
    database = open_database(dsn, pool_size=2, schema=settings.db_schema)
    try:
        before = await _revisions(database)
        await migrate(dsn, schema=settings.db_schema)
        return dsn, before, await _revisions(database)
    finally:
        await database.dispose()


async def _revisions(database: AsyncEngine) -> Revisions:
    return await revision(database, SLUICE), await revision(database, SERVICE)


def seed(users: Path | None, *, demo: bool) -> None:
    """The users of the file, or all that is committed."""
    settings = load_settings()
    people = None if users is None else read_rows(users, SeedUser)
    with servers(settings, with_redis=False) as urls:
        written = execute(_seed(settings, urls, people, demo=demo))
    for plural, rows in written.items():
        count = rows.new + rows.updated
        noun = plural.removesuffix("s") if count == 1 else plural
        counts = f"{number(rows.new)} new, {number(rows.updated)} updated"
        open_console().print(f"{number(count)} {noun}: {counts}")


async def _seed(
    settings: Settings, urls: Urls, people: list[SeedUser] | None, *, demo: bool
) -> dict[str, Written]:
    urls = await prepared(settings, urls, demo=demo)
    database = open_database(urls.direct, pool_size=2, schema=settings.db_schema)
    try:
        await service_key(database, "signing")  # says what to do when there are no tables
        if people is None:
            return await load_committed(database)
        return {"users": await load_users(database, people)}
    finally:
        await database.dispose()
