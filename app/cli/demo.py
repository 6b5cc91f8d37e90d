"""``sluice demo``: the whole of it once, on a database of its own, over real HTTP."""

from __future__ import annotations

import asyncio
import importlib
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from pydantic import SecretStr
from redis.asyncio import Redis
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from app.bootstrap import Urls, servers
from app.cli.console import open_console, printable
from app.cli.demo_stage import Mismatch, Stage, quiet
from app.cli.place import DEMO_DATABASE, DEMO_PREFIX, execute, for_demo
from app.errors import BadInput
from app.migrate import ensure_database, migrate
from app.seed.load import load_committed
from app.settings import Settings, load_settings
from app.store.database import open_database
from app.store.demo_database import connecting_as_demo, dropped
from app.tokens import Token
from app.workflows.loading import load_families

Show = Callable[[Stage], Awaitable[None]]

SHOWS = {
    "welcome-placeholder": ("app.cli.demo_texts", "show_placeholders"),
    "agent-welcome": ("app.cli.demo_texts", "show_welcomes"),
    "scene-images": ("app.cli.demo_scenes", "show_scenes"),
    "review-post": ("app.cli.demo_posts", "show_posts"),
}
"""By name, because a service may have left a family out, and what shows it with it."""


def demonstrate(family: str) -> int:
    """The exit code.

    Raises:
        BadInput: there is no demonstration of it.
    """
    if family not in SHOWS:
        raise BadInput(
            f"There is no demo of {printable(family)!r}. Known are: {', '.join(sorted(SHOWS))}."
        )
    if family not in load_families():
        raise BadInput(
            f"The demo needs the example family {family!r}, which this service does not have."
            " Try yours: make serve, and then sluice run FAMILY --dry-run."
        )
    module, name = SHOWS[family]
    show: Show = getattr(importlib.import_module(module), name)
    settings = _settings()
    quiet(settings)
    console = open_console()
    try:
        console.print("Starting Postgres and Redis …" if _own(settings) else "Connecting …")
        with servers(settings) as urls:
            execute(_demo(show, settings, urls, console))
    except Mismatch as error:
        console.print(f"The demo failed: {error.detail}")
        return 1
    return 0


def _settings() -> Settings:
    settings = for_demo(load_settings())
    # On a port that nobody knows, for some seconds: a token that nobody is told.
    token = SecretStr(secrets.token_urlsafe(32))
    return settings.model_copy(
        update={"tokens": (Token(name="demo", secret=token),), "token": token}
    )


def _own(settings: Settings) -> bool:
    return settings.database_url is None or settings.redis_url is None


async def _demo(show: Show, settings: Settings, urls: Urls, console: Console) -> None:
    async with _fresh(settings, urls) as (own, database):
        await show(Stage(settings, own, database, console))
    console.print("Keep it up, with the same data, with: make serve")


@asynccontextmanager
async def _fresh(settings: Settings, urls: Urls) -> AsyncIterator[tuple[Urls, AsyncEngine]]:
    """The demo's database with the committed rows and nothing else, no key in Redis, no file."""
    async with dropped(urls.database, DEMO_DATABASE) as elsewhere:
        dsn = connecting_as_demo(await ensure_database(elsewhere, DEMO_DATABASE))
        await _forget_keys(urls.redis)
        # It is the demo's own: see for_demo.
        await asyncio.to_thread(shutil.rmtree, settings.files_dir, ignore_errors=True)
        await migrate(dsn)
        database = open_database(dsn, pool_size=2)
        try:
            await load_committed(database)
            yield Urls(dsn, urls.redis), database
        finally:
            await database.dispose()


async def _forget_keys(redis_url: str) -> None:
    async with Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=5) as redis:
        cursor = -1
        while cursor != 0:
            cursor, keys = await redis.scan(max(cursor, 0), match=f"{DEMO_PREFIX}:*", count=1000)
            if keys:
                await redis.unlink(*keys)
