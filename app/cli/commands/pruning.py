"""``sluice prune``."""

from __future__ import annotations

from datetime import timedelta

from app.bootstrap import Urls, servers
from app.cli.input.durations import parse_duration
from app.cli.output.console import number, open_console
from app.cli.server.environment import execute, located
from app.configured_secrets import redactor_of
from app.logs import configure_logs
from app.settings import Settings, load_settings
from app.store.database import open_database, service_key
from app.store.retention import count_prunable, prune


def prune_runs(older_than: str, *, dry_run: bool, demo: bool) -> None:
    age = parse_duration("--older-than", older_than)
    settings = load_settings()
    # What was done is told below.
    configure_logs("warning", settings.log_format, redactor_of(settings))
    with servers(settings, with_redis=False) as urls:
        runs = execute(_prune(settings, urls, age, dry_run=dry_run, demo=demo))
    done = "Would delete" if dry_run else "Deleted"
    noun = "run" if runs == 1 else "runs"
    open_console().print(
        f"{done} {number(runs)} {noun} that ended more than {older_than} ago, with their items"
        " and events."
    )


async def _prune(
    settings: Settings, urls: Urls, age: timedelta, *, dry_run: bool, demo: bool
) -> int:
    dsn = await located(settings, urls, demo=demo)
    database = open_database(dsn, pool_size=2, schema=settings.db_schema)
    try:
        await service_key(database, "signing")  # says what to do when there are no tables
        return await (count_prunable if dry_run else prune)(database, age)
    finally:
        await database.dispose()
