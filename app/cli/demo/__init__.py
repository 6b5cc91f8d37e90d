"""``sluice demo``: the whole of it once, on a database of its own, over real HTTP."""

from __future__ import annotations

import asyncio
import importlib
import secrets
import shutil
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console

from app.bootstrap import Urls
from app.cli.demo.stage import Mismatch, Stage, quiet
from app.cli.output.console import open_console, printable
from app.cli.server.demo_database import new_stage
from app.cli.server.environment import DEMO_DATABASE, beside, brought_up, execute
from app.config.engine_settings import EngineName
from app.connections.redis import open_redis
from app.embedded.servers import servers
from app.errors import BadInput
from app.settings import Settings, load_settings
from app.store.database import open_database
from app.tokens import Token

Show = Callable[[Stage], Awaitable[None]]

ANOTHER = "sluice_demo_again"
"""The database in which the demo plays once somebody works in the one of `make serve`."""
_KEYS = {DEMO_DATABASE: "demo", ANOTHER: "demo-again"}

SHOWS = {
    # copier: if examples
    "welcome-placeholder": ("app.cli.examples.texts_demo", "show_placeholders"),
    "agent-welcome": ("app.cli.examples.texts_demo", "show_welcomes"),
    "scene-images": ("app.cli.examples.scenes_demo", "show_scenes"),
    "review-post": ("app.cli.examples.posts_demo", "show_posts"),
    "describe-products": ("app.cli.examples.batches_demo", "show_batches"),
    # copier: endif
    "greeting": ("app.cli.demo.greeting", "show_greetings"),
    "import-orders": ("app.cli.demo.orders.pipeline", "show_pipeline"),
    "remind-invoices": ("app.cli.demo.tenants", "show_tenants"),
    "embed-texts": ("app.cli.demo.embeddings", "show_embeddings"),
}
"""By name, so that only what is shown is loaded. The first is shown where none is named."""


commands = typer.Typer()


@commands.command()
def demo(
    *,
    family: Annotated[
        str | None, typer.Option(help="Which demonstration; else the first one.")
    ] = None,
    engine: Annotated[
        EngineName | None,
        typer.Option(help="qstash: with a QStash for development in place of a worker."),
    ] = None,
) -> None:
    """Dry-run, then run, a family over rows in a database of its own."""
    family = family or next(iter(SHOWS))
    if family not in SHOWS:
        raise BadInput(
            f"There is no demo of {printable(family)!r}. Known are: {', '.join(sorted(SHOWS))}."
        )
    module, name = SHOWS[family]
    show: Show = getattr(importlib.import_module(module), name)
    settings = _settings(engine)
    quiet(settings)
    console = open_console()
    try:
        console.print("Starting Postgres and Redis …" if _own(settings) else "Connecting …")
        with servers(settings) as urls:
            execute(_demo(show, settings, urls, console))
    except Mismatch as error:
        console.print(f"The demo failed: {error.detail}")
        raise typer.Exit(1) from None


def _settings(engine: EngineName | None) -> Settings:
    settings = load_settings()
    # On a port that nobody knows, for some seconds: a token that nobody is told.
    token = SecretStr(secrets.token_urlsafe(32))
    return settings.model_copy(
        update={
            "tokens": (Token(name="demo", secret=token),),
            "token": token,
            "engine": engine or settings.engine,
        }
    )


def _own(settings: Settings) -> bool:
    return settings.database_url is None or settings.redis_url is None


async def _demo(show: Show, settings: Settings, urls: Urls, console: Console) -> None:
    async with new_stage(urls.direct, [DEMO_DATABASE, ANOTHER]) as made:
        # Like the database, they are nobody's but the demo's.
        its = settings.model_copy(update=beside(settings, _KEYS[made.name]))
        await _forget_keys(urls.redis, its.redis_prefix)
        await asyncio.to_thread(shutil.rmtree, its.files_dir, ignore_errors=True)
        await brought_up(its, made.dsn)
        database = open_database(made.dsn, pool_size=2, schema=its.db_schema)
        try:
            await show(Stage(its, Urls(made.dsn, urls.redis), database, console))
        finally:
            await database.dispose()
    console.print(_where(settings, made.name))


def _where(settings: Settings, name: str) -> str:
    if settings.database_url is not None:
        return f"It was played in the database {name}, beside yours."
    if name != DEMO_DATABASE:
        return (
            f"It was played in a database of its own, {name}. What you have in {DEMO_DATABASE} is"
            " as it was; it comes up with: make serve"
        )
    return "Keep it up, with the same data, with: make serve"


async def _forget_keys(redis_url: str, prefix: str) -> None:
    async with open_redis(redis_url) as redis:
        cursor = -1
        while cursor != 0:
            cursor, keys = await redis.scan(max(cursor, 0), match=f"{prefix}:*", count=1000)
            if keys:
                await redis.unlink(*keys)
