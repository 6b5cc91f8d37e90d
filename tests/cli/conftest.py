"""The ``sluice`` command as a user has it: a process, with an environment of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.cli.command import SECRET, Commanding, Sluice, stop, wait_for
from tests.support.servers.choice import TestServers
from tests.support.servers.databases import Databases
from tests.support.servers.ports import free_port


@pytest.fixture(scope="module")
async def migrated(databases: Databases) -> AsyncIterator[str]:
    """A migrated database for a module's tests."""
    async with databases.one() as database:
        yield database.dsn


@pytest.fixture(scope="module")
def sluice(
    migrated: str,
    servers: TestServers,
    tmp_path_factory: pytest.TempPathFactory,
) -> Sluice:
    port = str(free_port())
    return Sluice(
        {
            **os.environ,
            "DATABASE_URL": migrated,
            "REDIS_URL": servers.redis_url,
            "SLUICE_REDIS_PREFIX": f"cli-{os.getpid()}-{secrets.token_hex(4)}",
            "SLUICE_DATA_DIR": str(tmp_path_factory.mktemp("sluice")),
            "SLUICE_PORT": port,
            "SLUICE_URL": f"http://127.0.0.1:{port}",
            "SLUICE_TOKENS": f"cli:{SECRET}",
            "SLUICE_TOKEN": SECRET,
            "SLUICE_STOP_TIMEOUT": "5",
        }
    )


@pytest.fixture(scope="module")
def service(sluice: Sluice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sluice]:
    """The API and a worker. They must stop cleanly."""
    log = tmp_path_factory.mktemp("serve") / "log"
    process = sluice.start("serve", "--worker", log=log)
    try:
        wait_for("Sluice listens on", log, process)
        yield sluice
    finally:
        code = stop(process)
    assert code == 0, log.read_text()
    assert "worker_stopped" in log.read_text()
    assert SECRET not in log.read_text()


@pytest.fixture
def commanding(tmp_path: Path) -> Commanding:
    """``async with commanding(sluice) as command:``."""
    return Commanding(tmp_path)
