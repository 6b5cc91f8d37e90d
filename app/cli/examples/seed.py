"""``sluice seed``: the rows of the example families."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import Demo
from app.cli.output.console import number, open_console
from app.cli.server.environment import execute, prepared
from app.composition.process_log import begin_log
from app.connections.server_urls import Urls
from app.embedded.servers import servers
from app.seed.load import load_committed, load_users
from app.seed.read import read_rows
from app.seed.upserts import Written
from app.seed.user_row import SeedUser
from app.settings import Settings, load_settings
from app.store.database import open_database
from app.store.readiness import require_migrated

commands = typer.Typer()


@commands.command()
def seed(
    *,
    users: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Only users, from a CSV file of yours.")
    ] = None,
    demo: Demo = False,
) -> None:
    """Write 1,000 users to the database, and agents, scenes and posts; update what is there."""
    settings = load_settings()
    begin_log(settings, "warning")
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
        # A table of that name may be somebody else's.
        await require_migrated(database)
        if people is None:
            return await load_committed(database)
        return {"users": await load_users(database, people)}
    finally:
        await database.dispose()
