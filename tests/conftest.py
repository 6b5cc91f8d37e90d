"""Real servers, started once; a database of its own for each test, from a migrated template.

Servers come from TEST_DATABASE_URL and TEST_REDIS_URL where these are set, else from testcontainers
where Docker answers, else from the wheels. The header of the test run says which.
"""

from __future__ import annotations

import gc
import itertools
import math
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs
from structlog.typing import EventDict

from app.bootstrap import Urls
from app.logs import configure_logs
from app.settings import OURS, Settings
from app.store.database import open_database
from tests.support.network.llm_server import Server
from tests.support.own_settings import OwnSettings
from tests.support.servers.choice import FOLDER, TestServers, choose, start
from tests.support.servers.databases import POOL_SIZE, Database, Databases
from tests.support.servers.histories import empty_database
from tests.support.servers.type_lookups import TypeLookups
from tests.support.service import Opener

_NUMBERS = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    configure_logs("error", "console")
    # A shell that starts us in the background has what we start ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes says more about the machine than about the code.
    hypothesis.settings.register_profile("sluice", deadline=None)
    hypothesis.settings.load_profile("sluice")
    for name in [n for n in os.environ if n.startswith((*OURS, "OTEL_"))]:
        del os.environ[name]  # a developer's own settings must not reach the tests
    # Processes that tests start would compile every module anew where no byte code is kept.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(FOLDER / "pycache")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those with the longest time limit come first, so that nobody waits for one at the end."""
    items.sort(key=_most_seconds, reverse=True)


def _most_seconds(item: pytest.Item) -> float:
    """Its time limit: its own, or everybody's. 0 stands for none."""
    own = item.get_closest_marker("timeout")
    seconds = None if own is None else own.kwargs.get("timeout", next(iter(own.args), None))
    return float(item.config.getini("timeout") if seconds is None else seconds) or math.inf


def pytest_collection_finish() -> None:
    """What was loaded until now stays, so the garbage collector need not walk through it again and
    again: a third of the time that it takes to open a service."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    return f"servers: {choose().description}"


@pytest.fixture(scope="session")
def servers() -> Iterator[TestServers]:
    with ExitStack() as stack:
        yield start(choose(), stack)


@pytest.fixture(scope="session")
def type_lookups() -> Iterator[TypeLookups]:
    lookups = TypeLookups()
    with lookups.heard():
        yield lookups


@pytest.fixture(autouse=True)
def nothing_looks_up_types(type_lookups: TypeLookups) -> Iterator[None]:
    """No statement over Sluice's tables needs a description of its types, which each new connection
    would ask for and take Postgres some 40 ms. Pass and select arrays as ``text[]``
    (``app.connections.arrays``). A family's own statements may: its enums are its own. Past
    SQLAlchemy go Sluice's alone, whatever they are over."""
    type_lookups.found.clear()
    yield
    assert not [one for one in type_lookups.found if one.raw or "sluice." in one.statement]


@pytest.fixture(scope="session")
async def databases(servers: TestServers) -> AsyncIterator[Databases]:
    async with Databases.of(servers.database_url) as databases:
        yield databases


@pytest.fixture
async def own_database(databases: Databases) -> AsyncIterator[Database]:
    """A database with every table, for one test."""
    async with databases.one() as database:
        yield database


@pytest.fixture
def database_url(own_database: Database) -> str:
    return own_database.dsn


@pytest.fixture
async def empty(servers: TestServers) -> AsyncIterator[str]:
    """A database without any table."""
    async with empty_database(servers.database_url) as dsn:
        yield dsn


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    """New connections to it."""
    database = open_database(database_url, pool_size=10)
    yield database
    await database.dispose()


@pytest.fixture
def redis_prefix() -> str:
    """Before every Redis key of one test."""
    return f"test-{os.getpid()}-{next(_NUMBERS)}"


@pytest.fixture(scope="session")
def short_settings() -> Settings:
    return OwnSettings.model_validate(
        {
            "SLUICE_TOKENS": "ops:secret-of-ops-0123456789,cron:secret-of-cron-0123456789",
            "SLUICE_WORKER_HEARTBEAT": 2,
            "SLUICE_STOP_TIMEOUT": 5,
            "SLUICE_POOL_SIZE": POOL_SIZE,
        }
    )


@pytest.fixture
def settings(short_settings: Settings, redis_prefix: str, tmp_path: Path) -> Settings:
    """Settings whose times are short, so that a test need not wait."""
    own = {
        "redis_prefix": redis_prefix,
        "data_dir": tmp_path,
        "files_dir": tmp_path / "files",
    }
    return short_settings.model_copy(update=own)


@pytest.fixture
def urls(database_url: str, servers: TestServers) -> Urls:
    return Urls(database_url, servers.redis_url)


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the machine's does not stand before what families and their services call."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def opener(settings: Settings, urls: Urls, own_database: Database) -> Opener:
    """Opens a service over given families: ``async with opener(Family()) as sluice:``."""
    return Opener(settings, urls, kept=own_database.kept)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """What families and their services call."""
    server = Server()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    """What is logged, warnings too, which the tests otherwise leave out."""
    usual = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("debug"))
    try:
        with capture_logs() as entries:
            yield entries
    finally:
        structlog.configure(wrapper_class=usual)
