"""Commands that run the service or write to its database."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.cli.server.demo_token import ensure_token, read_token, token_file
from tests.cli.command import Sluice, stop, wait_for
from tests.support.patience import PATIENCE
from tests.support.servers.ports import free_port


def test_serve_refuses_without_tokens(sluice: Sluice) -> None:
    assert sluice.refused("serve", SLUICE_TOKENS="").startswith("SLUICE_TOKENS is not set")


def test_with_qstash_as_the_engine_serve_needs_its_settings_and_a_worker_has_no_place(
    sluice: Sluice,
) -> None:
    refused = sluice.refused("serve", SLUICE_ENGINE="qstash", APP_URL="https://jobs.example.com")
    assert refused.startswith("SLUICE_ENGINE is qstash, and QSTASH_TOKEN, ")
    assert "Run no worker" in sluice.refused("worker", SLUICE_ENGINE="qstash")


def test_serve_names_the_command_that_makes_missing_tables(sluice: Sluice, empty: str) -> None:
    port = str(free_port())
    assert "sluice migrate" in sluice.refused("serve", DATABASE_URL=empty, SLUICE_PORT=port)


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_where_migrate_is_refused_as_well_it_says_why(
    sluice: Sluice, empty: str, command: str
) -> None:
    """An application's database: tables of our names are there, in a schema of ours."""
    connection = await asyncpg.connect(empty)
    try:
        await connection.execute("CREATE SCHEMA sluice; CREATE TABLE sluice.run (id int)")
    finally:
        await connection.close()
    refused = sluice.refused("migrate", DATABASE_URL=empty)
    assert refused.startswith("The schema sluice holds what is not Sluice's: ")
    assert sluice.refused(command, DATABASE_URL=empty, SLUICE_PORT=str(free_port())) == (
        "The database has none of Sluice's tables yet. Make them with: sluice migrate."
        f" It is refused: {refused}"
    )


def test_migrate_says_what_it_did(sluice: Sluice, empty: str) -> None:
    first = sluice.run("migrate", DATABASE_URL=empty).stdout
    assert "from no tables to revision" in first
    assert "is up to date" in sluice.run("migrate", DATABASE_URL=empty).stdout


def test_a_worker_ends_cleanly_on_sigterm(sluice: Sluice, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = sluice.start("worker", log=log)
    try:
        wait_for("worker_started", log, process)
    finally:
        code = stop(process)
    assert code == 0, log.read_text()
    assert "worker_stopped" in log.read_text()


def test_the_demo_token_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert read_token(folder) is None
    token = ensure_token(folder)
    assert ensure_token(folder) == token == read_token(folder)
    assert len(token.get_secret_value()) == 43
    assert stat.S_IMODE(token_file(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) & 0o066 == 0
    assert [path.name for path in folder.iterdir()] == ["demo-token"]


async def test_what_is_the_demos_works_on_the_given_database_and_makes_none(
    sluice: Sluice, empty: str, tmp_path: Path
) -> None:
    assert "up to date" not in sluice.run("migrate", "--demo", DATABASE_URL=empty).stdout
    assert f"The database {make_url(empty).database} is" in (
        sluice.run("migrate", DATABASE_URL=empty).stdout
    )
    port = str(free_port())  # the module's service may have the other one
    given = Sluice({**sluice.env, "DATABASE_URL": empty, "SLUICE_PORT": port})
    log = tmp_path / "log"
    process = given.start("serve", "--worker", "--demo", log=log)
    connection = await asyncpg.connect(empty)
    try:
        await asyncio.to_thread(wait_for, "worker_started", log, process)
        async with asyncio.timeout(PATIENCE):
            while not await connection.fetchval("SELECT count(*) FROM sluice.worker"):
                await asyncio.sleep(0.02)
    finally:
        stop(process)
        await connection.close()


def test_the_port_alone_tells_the_command_line_where_to_call(
    service: Sluice, tmp_path: Path
) -> None:
    env = {name: value for name, value in service.env.items() if name != "SLUICE_URL"}
    assert Sluice(env).run("families", "--json").returncode == 0
