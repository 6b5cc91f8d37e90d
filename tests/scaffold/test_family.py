"""What ``make family`` writes passes as it stands, and changes nothing that is there."""

from __future__ import annotations

import json
import re
import secrets
import sys
from pathlib import Path

import pytest

from tests.cli.command import stop, wait_for
from tests.scaffold.conftest import KINDS, Grown
from tests.support.servers.choice import TestServers
from tests.support.servers.ports import free_port

pytestmark = [pytest.mark.scaffold, pytest.mark.timeout(300, func_only=True)]

SLUICE = ("-c", "from app.cli import main; main()")
DRY = {"otters-from-ids": "3 things", "otters-from-csv": "3 companies"}


def test_it_writes_new_files_and_changes_none(grown: Grown) -> None:
    after = grown.copy.files()
    assert {file: after.get(file) for file in grown.before} == grown.before
    assert sorted(after.keys() - grown.before.keys()) == sorted(grown.wrote)


def test_each_migration_follows_the_one_before(grown: Grown) -> None:
    ended = grown.copy.python("-m", "alembic", "heads")
    assert ended.returncode == 0, ended
    newest = [file for file in grown.wrote if file.startswith("alembic/service/versions/")][-1]
    assert ended.stdout.split()[0] == Path(newest).stem


def test_it_is_formatted_and_linted(grown: Grown) -> None:
    for words in (["format", "--check"], ["check"]):
        ended = grown.copy.python("-m", "ruff", *words, *grown.code)
        assert ended.returncode == 0, ended.stdout


def test_its_types_are_right(grown: Grown) -> None:
    ended = grown.copy.python("-m", "mypy", *grown.code)
    assert ended.returncode == 0, ended.stdout


def test_its_imports_keep_to_the_arrows(grown: Grown) -> None:
    ended = grown.copy.run(str(Path(sys.executable).with_name("lint-imports")))
    assert ended.returncode == 0, ended.stdout


def test_the_checklist_finds_nothing_in_it(grown: Grown) -> None:
    ended = grown.copy.python(*SLUICE, "check", "--json")
    found = {one["name"]: one["findings"] for one in json.loads(ended.stdout)["families"]}
    made = {kind.split()[0].removeprefix("name=") for kind in KINDS}
    assert {name: found[name] for name in made if found[name]} == {}


def test_it_ends_with_the_checklist_of_the_new_family(grown: Grown) -> None:
    for said in grown.said:
        lines = said.splitlines()
        assert lines[-2] == "1 family, 0 errors, 0 warnings"
        assert lines[-1].startswith("Next: make serve")


def test_each_method_says_what_is_safe(grown: Grown) -> None:
    for file in grown.wrote:
        if "/families/" in file and file.startswith("app/workflows") and file.endswith(".py"):
            code = (grown.copy.root / file).read_text("utf-8")
            said = [m for m in re.split(r"\n    (?:async )?def ", code)[1:] if "# " in m]
            assert all(re.search("safe|save nothing|derived", m, re.IGNORECASE) for m in said), file
            assert "TODO" not in code
            assert ("per_partition" in code) is ("def eligible(" in code)


def test_its_own_tests_pass_and_so_do_those_of_migrations(
    grown: Grown, servers: TestServers
) -> None:
    files = [file for file in grown.code if file.startswith("tests/")]
    assert len(files) == len(KINDS)
    others = ("tests/store/test_migrations.py", "tests/unit/registry/test_loading.py")
    ended = grown.copy.python(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", *files, *others),
        TEST_DATABASE_URL=servers.database_url,
        TEST_REDIS_URL=servers.redis_url,
    )
    assert ended.returncode == 0, ended.stdout


def test_a_dry_run_of_it_works_at_once(
    grown: Grown, servers: TestServers, empty: str, tmp_path: Path
) -> None:
    port = str(free_port())
    env = {
        "DATABASE_URL": empty,
        "REDIS_URL": servers.redis_url,
        "SLUICE_REDIS_PREFIX": f"scaffold-{secrets.token_hex(4)}",
        "SLUICE_DATA_DIR": str(tmp_path),
        "SLUICE_PORT": port,
        "SLUICE_URL": f"http://127.0.0.1:{port}",
        "SLUICE_TOKENS": "scaffold:secret-of-the-scaffold-0123456789",
        "SLUICE_TOKEN": "secret-of-the-scaffold-0123456789",
    }
    ended = grown.copy.python(*SLUICE, "migrate", **env)
    assert ended.returncode == 0, ended
    log = tmp_path / "log"
    serving = grown.copy.started(sys.executable, *SLUICE, "serve", log=log, **env)
    try:
        wait_for("Sluice listens on", log, serving)
        for name, said in DRY.items():
            ended = grown.copy.python(*SLUICE, "run", name, "--dry-run", **env)
            assert ended.returncode == 0, ended
            assert f"[DryRun] Would process {said}" in ended.stdout
    finally:
        assert stop(serving) == 0, log.read_text("utf-8")
