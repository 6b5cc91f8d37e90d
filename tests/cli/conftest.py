"""The ``sluice`` command as a user has it: a process, with an environment of its own."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from app.cli.listening import bind
from app.migrate import ensure_database, migrate
from tests.support.servers import TestServers

SECRET = "secret-of-the-cli-tests-0123456789"
SLUICE = Path(sys.executable).with_name("sluice")


@dataclass(frozen=True)
class Sluice:
    env: Mapping[str, str]

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SLUICE, *args],
            env={**self.env, **env},
            cwd=self.env["SLUICE_DATA_DIR"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def refused(self, *args: str, **env: str) -> str:
        """The sentence after ``error:``, of a command that must fail with nothing else."""
        ended = self.run(*args, **env)
        assert ended.returncode == 2, ended
        assert ended.stdout == ""
        assert ended.stderr.startswith("error: ")
        assert "Traceback" not in ended.stderr
        return ended.stderr.removeprefix("error: ").strip()

    def start(self, *args: str, log: Path) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return subprocess.Popen(
                [SLUICE, *args],
                env=dict(self.env),
                cwd=self.env["SLUICE_DATA_DIR"],
                stdout=output,
                stderr=output,
            )


def wait_for(text: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while text not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(30)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
async def database(servers: TestServers) -> AsyncIterator[str]:
    """A migrated database for a module's tests."""
    name = f"sluice_cli_{os.getpid()}_{secrets.token_hex(4)}"
    dsn = await ensure_database(servers.database_url, name)
    await migrate(dsn)
    yield dsn
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
async def empty(servers: TestServers) -> AsyncIterator[str]:
    """A database without any table."""
    name = f"sluice_cli_empty_{os.getpid()}_{secrets.token_hex(4)}"
    yield await ensure_database(servers.database_url, name)
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture(scope="module")
def sluice(database: str, servers: TestServers, tmp_path_factory: pytest.TempPathFactory) -> Sluice:
    with bind("127.0.0.1", 0) as free:
        port = str(free.getsockname()[1])
    return Sluice(
        {
            **os.environ,
            "DATABASE_URL": database,
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
    """The API and a worker, over the thousand users. They must stop cleanly."""
    assert sluice.run("seed").stdout.splitlines() == [
        "1,000 users: 1,000 new, 0 updated",
        "300 agents: 300 new, 0 updated",
        "12 scenes: 12 new, 0 updated",
        "12 posts: 12 new, 0 updated",
    ]
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
