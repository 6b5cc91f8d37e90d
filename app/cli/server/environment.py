"""Which database, keys and tokens a command works with."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from shlex import quote
from typing import TypeVar

import asyncpg
import uvloop
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from app.cli.server import demo_database
from app.cli.server.demo_token import ensure_token
from app.connections.faults import by_driver
from app.connections.server_urls import Urls
from app.errors import ConfigurationError, Unavailable, full_stop
from app.migrate import UnknownRevision, ensure_database, migrate
from app.settings import Settings
from app.store.pooler import require_session
from app.tokens import Token

DEMO_DATABASE = "sluice_demo"
OWN_DATABASE = "sluice"

T = TypeVar("T")


def execute(main: Coroutine[object, object, T]) -> T:
    """Run ``main`` on uvloop; an unreachable server becomes one sentence."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, reachable():
        return runner.run(main)


YOUNG = 10_000
"""New objects after which Python looks for cycles among them. After 700, as it comes, it looked
through the items at work, of which none is garbage, for a tenth of the processor."""


def settle() -> None:
    """Once a process has what it works with: collections need not look at that again. A full one
    takes 0.13 s, in which nothing else runs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


@contextmanager
def reachable() -> Iterator[None]:
    """
    Raises:
        Unavailable: Postgres or Redis refused us. What it said holds no password.
    """
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError) as error:
        raise Unavailable(f"Postgres cannot be used: {_first_line(by_driver(error))}") from error
    except RedisError as error:
        raise Unavailable(f"Redis cannot be used: {_first_line(error)}") from error
    except BrokenPipeError:  # of our own output
        raise
    except (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError) as error:
        # Of Postgres alone: redis-py has an error of its own for it.
        raise Unavailable(
            f"Postgres cannot be reached: {_first_line(error)}. Is it up, and DATABASE_URL right?"
        ) from error
    except FileNotFoundError as error:
        if error.filename is not None:  # asyncpg names no file when it finds no socket
            raise
        raise Unavailable(
            "Postgres cannot be reached: its socket is not there. Is it up, and DATABASE_URL right?"
        ) from error
    except OSError as error:
        if type(error) is not OSError:
            raise
        raise Unavailable(
            f"Postgres cannot be reached: {full_stop(_first_line(error))} Is it up, and"
            " DATABASE_URL right?"
        ) from error


def for_demo(settings: Settings, *, with_token: bool = False) -> Settings:
    """The same settings with the demo's keys and files and, unless some are configured, its
    token. Who names a database works with that one, and with what belongs to it."""
    changes: dict[str, object] = {}
    if settings.database_url is None:
        changes |= beside(settings, "demo")
    if with_token and not settings.tokens:
        changes["tokens"] = (Token(name="demo", secret=ensure_token(settings.data_dir)),)
    return settings.model_copy(update=changes)


def beside(settings: Settings, name: str) -> dict[str, object]:
    """The settings by which another database than the service's own has keys and files of its
    own."""
    return {
        "redis_prefix": f"{settings.redis_prefix}-{name}",
        "files_dir": settings.data_dir / f"{name}-files",
    }


async def prepared(settings: Settings, urls: Urls, *, demo: bool) -> Urls:
    """The database to work with, which is made and migrated unless an operator gave it."""
    if settings.database_url is not None:
        await require_session(urls.direct)
        return urls
    dsn = await located(settings, urls, demo=demo)
    await brought_up(settings, dsn)
    return Urls(dsn, urls.redis)


async def brought_up(settings: Settings, dsn: str) -> None:
    """Migrate that database.

    Raises:
        ConfigurationError: it cannot be done.
    """
    try:
        await migrate(dsn, schema=settings.db_schema)
    except UnknownRevision as error:
        if settings.database_url is not None:
            raise
        # It is for development, and always migrated: there is nothing that could be left out.
        folder = quote(str(settings.data_dir / "postgres"))
        raise ConfigurationError(
            f"{error.found} Go back to the version that made it; or begin anew, without anything"
            f" that is in it, once nothing uses it: rm -r -- {folder}"
        ) from error


async def located(settings: Settings, urls: Urls, *, demo: bool) -> str:
    """That database's DSN, past a pooler; made, if need be, with no tables."""
    if settings.database_url is not None:
        await require_session(urls.direct)
        return urls.direct
    dsn = await ensure_database(urls.direct, DEMO_DATABASE if demo else OWN_DATABASE)
    if demo:
        await demo_database.keep(dsn, DEMO_DATABASE)
    return dsn


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
