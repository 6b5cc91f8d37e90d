"""``make chaos``: kill workers for FOR seconds, and look for what was lost or counted twice.

It starts its own servers, as the tests do, and its last line says how it went.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import asyncpg
from rich.console import Console

from app.bootstrap import Urls
from app.logs import configure_logs
from app.migrate import migrate, with_database
from tests.chaos.havoc import play
from tests.chaos.verdict import Verdict
from tests.support.servers.choice import TestServers, choose, start
from tests.support.users import make_users_table

ITEMS = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=300.0, help="FOR")
    seconds = parser.parse_args().seconds
    configure_logs("error", "console")
    console = Console(markup=False, highlight=False, soft_wrap=True)
    with ExitStack() as stack:
        verdict = asyncio.run(_play(start(choose(), stack), seconds, console))
    console.print(str(verdict))
    sys.exit(not verdict.clean)


async def _play(servers: TestServers, seconds: float, console: Console) -> Verdict:
    prefix = f"chaos-{os.getpid()}"
    async with _database(servers.database_url, prefix) as dsn:
        urls = Urls(dsn, servers.redis_url)
        return await play(urls, prefix, items=ITEMS, seconds=seconds, tell=console.print)


@asynccontextmanager
async def _database(admin_dsn: str, name: str) -> AsyncIterator[str]:
    """One of our own, gone at the end."""
    admin = await asyncpg.connect(admin_dsn)
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        dsn = with_database(admin_dsn, name)
        await migrate(dsn)
        await make_users_table(dsn)
        yield dsn
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()


if __name__ == "__main__":
    main()
