"""``sluice seed``: the rows of the example families."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from app.cli.options import Demo
from app.cli.output.console import number, open_console
from app.cli.server.environment import execute, prepared
from app.composition.process_log import begin_log
from app.connections.faults import by_driver, sqlstate
from app.connections.server_urls import Urls
from app.embedded.servers import servers
from app.errors import ConfigurationError, full_stop
from app.required_tables import require_tables
from app.seed.load import load_committed, load_users
from app.seed.read import read_rows
from app.seed.upserts import Written
from app.seed.user_row import SeedUser
from app.settings import Settings, load_settings
from app.store.database import open_database
from app.store.readiness import NO_RIGHT

_NO_VALUE = "23502"

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
        await require_tables(database)
        with _of_this_service():
            if people is None:
                return await load_committed(database)
            return {"users": await load_users(database, people)}
    finally:
        await database.dispose()


@contextmanager
def _of_this_service() -> Iterator[None]:
    """
    Raises:
        ConfigurationError: the tables of these names have other columns than the service's, or
            the role may not write to them.
    """
    try:
        yield
    except DBAPIError as error:
        state = sqlstate(error)
        # A table, column or type is not as it is declared, or a column is there that wants a value.
        if not state.startswith("42") and state != _NO_VALUE:
            raise
        said = str(by_driver(error)).partition("\n")[0]
        if state == NO_RIGHT:
            raise ConfigurationError(
                "Nothing was written: the role of DATABASE_URL may not write to the tables that"
                f" seed fills. Postgres says: {full_stop(said)} Use the role that ran the"
                " migrations: it owns them."
            ) from error
        raise ConfigurationError(
            f"Nothing was written: the tables to which the search_path of DATABASE_URL's role leads"
            f" are not those that this service's migrations made. Postgres says: {full_stop(said)}"
            " Lead it to the schema where those are: ALTER ROLE … SET search_path = …"
            " (docs/guides/adopting.md)"
        ) from error
