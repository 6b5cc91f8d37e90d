"""``sluice migrate``, ``prune`` and ``rotate-key``: what works on the database itself,
without the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.input.durations import parse_duration
from app.cli.options import Demo
from app.cli.output.console import number, open_console
from app.cli.server.environment import brought_up, execute, located
from app.composition.process_log import begin_log
from app.connections.postgres_url import PostgresUrl
from app.connections.server_urls import Urls
from app.embedded.servers import servers
from app.required_tables import require_tables
from app.settings import Settings, load_settings
from app.store.database import open_database
from app.store.histories import SERVICE, SLUICE
from app.store.readiness import revision
from app.store.retention import count_prunable
from app.store.retention import prune as prune_runs
from app.store.signing_key import FORMER_HOLDS, rotate_signing_key

T = TypeVar("T")

commands = typer.Typer()


@commands.command()
def migrate(*, demo: Demo = False) -> None:
    """Bring the database's tables up to date."""
    settings = load_settings()
    begin_log(settings, "warning")
    with servers(settings, with_redis=False) as urls:
        dsn, before, after = execute(_migrate(settings, urls, demo=demo))
    name = PostgresUrl.parse(dsn).database
    if before == after:
        open_console().print(f"The database {name} is up to date: revision {_told(after)}.")
    else:
        start = f"revision {_told(before)}" if any(before) else "no tables"
        open_console().print(
            f"Migrated the database {name} from {start} to revision {_told(after)}.",
            soft_wrap=True,
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
    async with _opened(settings, dsn) as database:
        before = await _revisions(database)
        await brought_up(settings, dsn)
        return dsn, before, await _revisions(database)


async def _revisions(database: AsyncEngine) -> Revisions:
    return await revision(database, SLUICE), await revision(database, SERVICE)


@commands.command()
def prune(
    *,
    older_than: Annotated[
        str,
        typer.Option(metavar="AGE", help="Runs that ended so long ago, such as 12h, 30d or 4w."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    demo: Demo = False,
) -> None:
    """Delete runs that ended long ago, with their items and events."""
    age = parse_duration("--older-than", older_than)
    work = count_prunable if dry_run else prune_runs

    async def pruned(database: AsyncEngine) -> int:
        await require_tables(database)
        return await work(database, age)

    runs = _quietly(pruned, demo=demo)
    done = "Would delete" if dry_run else "Deleted"
    noun = "run" if runs == 1 else "runs"
    open_console().print(
        f"{done} {number(runs)} {noun} that ended more than {older_than} ago, with their items"
        " and events."
    )


@commands.command("rotate-key")
def rotate_key(
    *,
    drop_former: Annotated[
        bool,
        typer.Option(
            "--drop-former", help="Also void what was signed before, because the key has leaked."
        ),
    ] = False,
    demo: Demo = False,
) -> None:
    """Make a new key for the signatures of cookies, cursors and answer links."""

    async def rotate(database: AsyncEngine) -> None:
        await rotate_signing_key(database, keep_former=not drop_former)

    _quietly(rotate, demo=demo)
    former = (
        "No cookie, cursor or answer link that was signed before is good then."
        if drop_former
        else f"What the former key has signed holds for {FORMER_HOLDS.days} more days, unless its"
        " own time ends before."
    )
    open_console().print(
        f"A new key signs cookies, cursors and answer links. Restart every API and worker now: each"
        f" reads it when it starts. {former}"
    )


def _quietly(work: Callable[[AsyncEngine], Awaitable[T]], *, demo: bool) -> T:
    """Logs warnings alone: the command itself tells what was done."""
    settings = load_settings()
    begin_log(settings, "warning")

    async def main(urls: Urls) -> T:
        async with _opened(settings, await located(settings, urls, demo=demo)) as database:
            return await work(database)

    with servers(settings, with_redis=False) as urls:
        return execute(main(urls))


@asynccontextmanager
async def _opened(settings: Settings, dsn: str) -> AsyncIterator[AsyncEngine]:
    database = open_database(dsn, pool_size=2, schema=settings.db_schema)
    try:
        yield database
    finally:
        await database.dispose()
