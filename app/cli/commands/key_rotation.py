"""``sluice rotate-key``."""

from __future__ import annotations

from app.bootstrap import Urls, servers
from app.cli.output.console import open_console
from app.cli.server.environment import execute, located
from app.logs import configure_logs
from app.settings import Settings, load_settings
from app.store.database import open_database
from app.store.signing_key import FORMER_HOLDS, rotate_signing_key


def rotate_key(*, drop_former: bool, demo: bool) -> None:
    settings = load_settings()
    configure_logs("warning", settings.log_format)  # what was done is told below
    with servers(settings, with_redis=False) as urls:
        execute(_rotate(settings, urls, keep_former=not drop_former, demo=demo))
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


async def _rotate(settings: Settings, urls: Urls, *, keep_former: bool, demo: bool) -> None:
    dsn = await located(settings, urls, demo=demo)
    database = open_database(dsn, pool_size=1, schema=settings.db_schema)
    try:
        await rotate_signing_key(database, keep_former=keep_former)
    finally:
        await database.dispose()
