"""``sluice demo``: the whole of it once, on a database of its own, over real HTTP."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from redis.asyncio import Redis
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from app.bootstrap import Urls, servers
from app.cli.answers import DryRun, Family, Item, Items, Run, Started
from app.cli.client import Api, open_api
from app.cli.console import number, open_console, printable
from app.cli.ending import print_end
from app.cli.jobs import Order, find, print_dry_run, send
from app.cli.listening import bind, listening, url_of
from app.cli.place import DEMO_DATABASE, DEMO_PREFIX, execute, for_demo
from app.cli.progress import Silent, display
from app.cli.watching import watch
from app.errors import SluiceError
from app.logs import configure_logs
from app.main import create_app
from app.migrate import ensure_database, migrate
from app.seed.load import load_committed
from app.settings import Settings, load_settings
from app.store import users
from app.store.database import open_database
from app.store.demo_database import connecting_as_demo, dropped
from app.tokens import Token

FAMILY = "welcome-placeholder"
_SHOWN = 3


class Mismatch(SluiceError):
    """The demonstration did not come out as it must."""


def demonstrate() -> int:
    """The exit code."""
    settings = _settings()
    _quiet(settings)
    console = open_console()
    try:
        console.print("Starting Postgres and Redis …" if _own(settings) else "Connecting …")
        with servers(settings) as urls:
            execute(_demo(settings, urls, console))
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


def _quiet(settings: Settings) -> None:
    chosen = "log_level" in settings.model_fields_set
    configure_logs(settings.log_level if chosen else "warning", settings.log_format)


async def _demo(settings: Settings, urls: Urls, console: Console) -> None:
    async with _fresh(urls) as (own, database), _service(settings, own) as api:
        family = await find(api, FAMILY)
        console.print("1. What would happen: a dry run writes nothing and starts nothing.")
        dry = api.read(DryRun, (await send(api, family, Order(FAMILY, dry_run=True)))[0])
        print_dry_run(console, family, dry)

        console.print(f"\n2. The run, with a worker: {_flow_of(family)}.")
        run_id = await _start(api, family)
        with display(console) as shown:
            _quiet(settings)  # anew: log lines now go above the bar, not through it
            run = await watch(api, run_id, shown)
        _quiet(settings)
        print_end(console, run)
        await _check(run, dry, database)
        await _print_results(console, api, run, database)

        console.print("\n3. The same again: what has a result is left alone.")
        again = await _again(api, family)
        print_end(console, again)
    if settings.llm_base_url is None:
        console.print(
            "\nThe texts come from the local writer. Set LLM_BASE_URL (and LLM_API_KEY) to have"
            " a language model write them."
        )
    console.print("Keep it up, with the same data, with: make serve")


def _flow_of(family: Family) -> str:
    line = next(line for line in family.flow if line.key.endswith(".execute"))
    bounds = [f"at most {line.parallelism} items at once"] if line.parallelism else []
    bounds += [f"{line.rate / line.period_seconds:g} per second"] if line.rate else []
    return ", ".join(bounds) or "as fast as it goes"


@asynccontextmanager
async def _fresh(urls: Urls) -> AsyncIterator[tuple[Urls, AsyncEngine]]:
    """The demo's database with the committed rows and nothing else, and no key in Redis."""
    async with dropped(urls.database, DEMO_DATABASE) as elsewhere:
        dsn = connecting_as_demo(await ensure_database(elsewhere, DEMO_DATABASE))
        await _forget_keys(urls.redis)
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


@asynccontextmanager
async def _service(settings: Settings, urls: Urls) -> AsyncIterator[Api]:
    with bind("127.0.0.1", 0) as bound:
        app = create_app(settings, urls, with_worker=True)
        url = url_of(bound)
        async with (
            listening(app, bound, stop_timeout=settings.stop_timeout),
            open_api(settings, at=url) as api,
        ):
            yield api


async def _check(run: Run, dry: DryRun, database: AsyncEngine) -> None:
    if run.status != "succeeded":
        raise Mismatch(f"the run ended {run.status}, not succeeded.")
    async with database.connect() as connection:
        there = await users.count_placeholders(connection)
    if not there == run.counters.succeeded == dry.to_process:
        raise Mismatch(
            f"the dry run announced {number(dry.to_process)} items, the run counts"
            f" {number(run.counters.succeeded)}, and Postgres has {number(there)} results."
        )


async def _start(api: Api, family: Family) -> str:
    answer, _ = await send(api, family, Order(FAMILY))
    return api.read(Started, answer).run_id


async def _again(api: Api, family: Family) -> Run:
    run_id = await _start(api, family)
    again = await watch(api, run_id, Silent())
    if again.status != "succeeded" or again.ended:
        raise Mismatch(f"a second run was to find nothing to do; it ended {again.status}.")
    return again


async def _print_results(console: Console, api: Api, run: Run, database: AsyncEngine) -> None:
    answer = await api.get(f"/api/runs/{run.id}/items", status="succeeded", limit=100)
    items = {item.item_id: item for item in api.read(Items, answer).items}
    async with database.connect() as connection:
        people = await users.people(connection, list(items))
    for item_id in _of_different_languages({i: locale for i, (_, locale) in people.items()}):
        name, locale = people[item_id]
        console.print(f"\n   {printable(name)} ({printable(locale)})", style="bold")
        for line in _lines(items[item_id]):
            console.print(f"     {printable(line)}")


def _of_different_languages(locales: dict[str, str]) -> list[str]:
    """Some ids, by id, of which as many as possible differ in language."""
    first: dict[str, str] = {}
    for item_id, locale in sorted(locales.items()):
        first.setdefault(locale.partition("-")[0], item_id)
    chosen = [*first.values(), *(i for i in sorted(locales) if i not in first.values())]
    return chosen[:_SHOWN]


def _lines(item: Item) -> list[str]:
    if not isinstance(item.result, list) or not item.result:
        raise Mismatch(f"the item {item.item_id} succeeded and has no result.")
    return [str(line) for line in item.result]
