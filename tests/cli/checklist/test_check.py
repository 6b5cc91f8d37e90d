"""``sluice check``: the checklist of families, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Sluice
from tests.unit.checks.family_package import EXECUTE, HEAD, SAVE, family

ROOT = Path(__file__).parents[3]
SLEEPS = EXECUTE.replace("return entity", "time.sleep(1)\n        return entity")
NO_DATABASE = "There is no database to ask: set DATABASE_URL, or make serve once."


def checked(
    sluice: Sluice, folder: Path, text: str, *words: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Of a service that has this family too."""
    (folder / "greet.py").write_text(text, "utf-8")
    return subprocess.run(
        [
            *(sys.executable, "-m", "tests.support.processes.with_families", str(folder)),
            *("check", "greet", *words),
        ],
        cwd=ROOT,
        env={**sluice.env, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_warning_fails_where_that_is_asked_for_alone(sluice: Sluice, tmp_path: Path) -> None:
    ended = checked(sluice, tmp_path, family(SAVE))
    assert (ended.returncode, ended.stderr) == (0, "")
    line = next(n for n, one in enumerate(family(SAVE).splitlines(), 1) if "def save" in one)
    assert f"  warning save-without-existing  {tmp_path}/greet.py:{line}" in ended.stdout
    assert "  flow of execute   no limit" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "1 family, 0 errors, 1 warning"
    assert checked(sluice, tmp_path, family(SAVE), "--strict").returncode == 1


def test_an_error_fails_and_is_told_as_json_too(sluice: Sluice, tmp_path: Path) -> None:
    text = family(head="import time\n", execute=SLEEPS)
    ended = checked(sluice, tmp_path, text, "--json")
    assert (ended.returncode, ended.stderr) == (1, "")
    (found,) = json.loads(ended.stdout)["families"][0]["findings"]
    assert (found["rule"], found["severity"]) == ("blocking-call", "error")
    assert text.splitlines()[found["line"] - 1].strip() == "time.sleep(1)"


def test_a_family_that_cannot_be_loaded_is_an_error(sluice: Sluice, tmp_path: Path) -> None:
    ended = checked(sluice, tmp_path, HEAD + "class (:")
    assert (ended.returncode, ended.stderr) == (1, "")
    line = len(HEAD.splitlines()) + 1
    assert f"  error   refused  {tmp_path}/greet.py:{line}" in ended.stdout


def test_it_needs_neither_a_database_nor_redis(sluice: Sluice, tmp_path: Path) -> None:
    nowhere = {"REDIS_URL": "redis://127.0.0.1:1", "SLUICE_DATA_DIR": str(tmp_path / "none")}
    for database, reason in (
        ("", NO_DATABASE),
        ("postgresql://nobody@127.0.0.1:1/x", "Postgres cannot be reached: "),
    ):
        ended = checked(sluice, tmp_path, family(), DATABASE_URL=database, **nowhere)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert f"  skipped ids-without-index: {reason}" in ended.stdout
    assert not (tmp_path / "none").exists()


@pytest.mark.slow  # it starts a Postgres
def test_where_only_the_demos_database_is_there_it_says_how_that_is_asked(
    sluice: Sluice, tmp_path: Path
) -> None:
    own = {"DATABASE_URL": "", "REDIS_URL": "", "SLUICE_DATA_DIR": str(tmp_path / "data")}
    assert sluice.run("migrate", "--demo", **own).returncode == 0
    said = checked(sluice, tmp_path, family(), **own).stdout
    assert 'database "sluice" does not exist. With --demo, that of make serve is asked.' in said
    assert "--demo" not in checked(sluice, tmp_path, family(), "--demo", **own).stdout


def test_a_timeout_is_held_to_what_the_engine_waits(sluice: Sluice, tmp_path: Path) -> None:
    text = family(declared="    timeout = timedelta(hours=1)\n")
    assert "0 warnings" in checked(sluice, tmp_path, text).stdout
    said = checked(sluice, tmp_path, text, SLUICE_ENGINE="qstash").stdout
    assert "warning timeout-too-long" in said
    assert "asked to wait 61 min for an item, and waits 15 min" in said


def test_a_family_that_is_not_there_is_a_mistake_of_the_caller(sluice: Sluice) -> None:
    assert sluice.refused("check", "nod").startswith("There is no family 'nod'. Known are: ")
