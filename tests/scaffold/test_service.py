"""A service that was started from this repository, without any of the example families."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from app.store.histories import SLUICE
from tests.scaffold.test_update import change
from tests.support.copied import ROOT, Copied, copied
from tests.support.histories import empty_database, write_migration
from tests.support.servers import TestServers

pytestmark = [pytest.mark.scaffold, pytest.mark.timeout(300)]

MARKS = re.compile(r"# copier:|<!--%|<!--#|\[\[\[=")
MARKED = {
    ".copier-answers.yml",
    ".env.example",
    "CHANGELOG.md",
    "README.md",
    "app/__init__.py",
    "copier.yml",
    "docker-compose.yml",
    "docs/guides/writing-a-family.md",
    "pyproject.toml",
    "scaffold/service/CHANGELOG.md",
    "scaffold/service/README.md",
    "tests/scaffold/test_service.py",
}
EXAMPLES = ("welcome_placeholder", "agent_welcome", "scene_images", "review_post")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Copied:
    template = copied(tmp_path_factory.mktemp("template") / "sluice")
    template.committed("The template")
    for words in (("tag", "1.0.0"), ("gc", "--quiet")):  # copier looks at each object's file
        assert template.run("git", *words).returncode == 0
    return template


@pytest.fixture(scope="session")
def service(template: Copied, tmp_path_factory: pytest.TempPathFactory) -> Copied:
    return started(template, tmp_path_factory.mktemp("service") / "acme-jobs")


def started(template: Copied, to: Path, *data: str) -> Copied:
    """A service in a repository of its own, from the template's latest tag."""
    words = ("copy", "--quiet", "--defaults", "--data", "project_name=acme-jobs", *data)
    ended = template.python("-m", "copier", *words, str(template.root), str(to))
    assert ended.returncode == 0, ended
    service = Copied(to)
    service.committed("A service")
    if (ROOT / ".mypy_cache").is_dir():  # so that only what differs is looked at
        shutil.copytree(ROOT / ".mypy_cache", to / ".mypy_cache")
    return service


def text(service: Copied, file: str) -> str:
    return (service.root / file).read_text("utf-8")


def families_of(service: Copied) -> set[str]:
    return {path.stem for path in (service.root / "app/workflows/families").glob("[a-z]*.py")}


def test_marks_stand_where_they_are_meant_and_nowhere_else(template: Copied) -> None:
    listed = template.run("git", "ls-files", "-z").stdout.split("\0")
    assert {f for f in listed if f and _marked(ROOT / f)} == MARKED


def _marked(path: Path) -> bool:
    try:
        return MARKS.search(path.read_text("utf-8")) is not None
    except UnicodeDecodeError:
        return False


def test_it_has_its_own_name_and_none_of_the_examples(service: Copied) -> None:
    assert 'name = "acme-jobs"' in text(service, "pyproject.toml")
    assert "@postgres:5432/acme_jobs" in text(service, "docker-compose.yml")
    # Else two services on one Redis would count each other's items, and skip them as done.
    ended = service.python(
        "-c", "from app.settings import Settings; print(Settings().redis_prefix)"
    )
    assert ended.stdout == "acme-jobs\n"
    assert "# SLUICE_REDIS_PREFIX=acme-jobs\n" in text(service, ".env.example")
    assert text(service, "README.md").startswith("# acme-jobs\n")
    assert text(service, "LICENSE") == (ROOT / "LICENSE").read_text("utf-8")
    files = service.files()
    assert not [file for file in files if Path(file).stem.removeprefix("test_") in EXAMPLES]
    marked = {file for file in files if _marked(service.root / file)}
    assert not marked
    assert "scaffold/family/copier.yml" in files
    assert "copier.yml" not in files


def test_it_passes_its_checks(service: Copied) -> None:
    lint = str(Path(sys.executable).with_name("lint-imports"))
    for command in (
        (sys.executable, "-m", "ruff", "format", "--check", "."),
        (sys.executable, "-m", "ruff", "check", "."),
        (sys.executable, "-m", "mypy"),
        (lint,),
    ):
        ended = service.run(*command)
        assert ended.returncode == 0, ended.stdout


@pytest.mark.timeout(1_800)
def test_a_family_of_its_own_and_the_whole_of_its_tests_pass(
    service: Copied, servers: TestServers
) -> None:
    ended = service.python("-m", "scaffold", "family", "name=acme-reminder", "entity=invoice")
    assert ended.returncode == 0, ended
    given = {"TEST_DATABASE_URL": servers.database_url, "TEST_REDIS_URL": servers.redis_url}
    whole = ("-n", "2", "--dist", "loadfile", "-m", "not alone and not scaffold and not tutorial")
    ended = service.python("-m", "pytest", "-q", *whole, **given)
    if ended.returncode != 0:  # beside others a time limit may pass: what failed, by itself
        ended = service.python("-m", "pytest", "-q", "--last-failed", **given)
    assert ended.returncode == 0, ended.stdout
    assert " passed" in ended.stdout


async def test_an_updates_migration_and_the_services_own_are_no_row(
    template: Copied, servers: TestServers, tmp_path: Path
) -> None:
    newer = Copied(tmp_path / "template")
    assert template.run("git", "clone", "--quiet", ".", str(newer.root)).returncode == 0
    service = started(newer, tmp_path / "service")
    ended = service.python("-m", "scaffold", "family", "name=acme-reminder", "entity=invoice")
    assert ended.returncode == 0, ended
    [own] = (service.root / "alembic/service/versions").glob("*_acme_reminder.py")
    service.committed("A family")
    async with empty_database(servers.database_url) as dsn:

        def migrated() -> str:
            env = {"DATABASE_URL": dsn, "REDIS_URL": servers.redis_url}
            ended = service.python("-c", "from app.cli import main; main()", "migrate", **env)
            assert ended.returncode == 0, ended
            return " ".join(ended.stdout.split())

        assert f"{own.stem} of the service's" in migrated()
        deployed = await asyncpg.connect(dsn)
        await deployed.execute("INSERT INTO acme_reminder VALUES ('invoice-1', 'Dear Ada', now())")

        new = "20990101_run_priority"
        [before] = SLUICE.scripts().get_heads()
        add = "ALTER TABLE sluice.run ADD COLUMN priority int"
        ours = replace(SLUICE, folder=newer.root / "alembic" / "sluice")
        write_migration(ours, new, before, add)
        newer.committed("A newer template")
        assert newer.run("git", "tag", "1.1.0").returncode == 0
        ended = service.python("-m", "copier", "update", "--quiet", "--defaults")
        assert ended.returncode == 0, ended
        told = migrated()
        assert f"to revision {new} of Sluice's tables, {own.stem} of the service's" in told
        assert "is up to date" in migrated()
        assert await deployed.fetchval("SELECT text FROM acme_reminder") == "Dear Ada"
        assert await deployed.fetch("SELECT priority FROM sluice.run") == []
        await deployed.close()
    for words, head in (((), own.stem), (("-n", "sluice"), new)):
        ended = service.python("-m", "alembic", *words, "heads")
        assert ended.stdout.splitlines() == [f"{head} (head)"]


def test_a_demo_says_that_it_needs_an_example(service: Copied, tmp_path: Path) -> None:
    words = ("-c", "from app.cli import main; main()", "demo")
    ended = service.python(*words, SLUICE_DATA_DIR=str(tmp_path))
    assert ended.returncode == 2
    assert "needs the example family 'welcome-placeholder'" in ended.stderr


def test_an_update_brings_what_is_new_and_keeps_what_was_chosen_and_changed(
    template: Copied, tmp_path: Path
) -> None:
    newer = Copied(tmp_path / "template")
    assert template.run("git", "clone", "--quiet", ".", str(newer.root)).returncode == 0
    service = started(newer, tmp_path / "service", "--data", "families=[review-post]")
    assert families_of(service) == {"review_post"}
    assert (service.root / "tests/workflows/families/test_review_post.py").is_file()
    assert "[review-post]" in text(service, "docs/guides/writing-a-family.md")
    assert "[agent-welcome]" not in text(service, "docs/guides/writing-a-family.md")
    change(service, "Makefile", "-n 3 --dist loadfile $(ARGS)", "-n 6 --dist loadfile $(ARGS)")
    service.committed("Mine")
    with (newer.root / "app/services/http/retry_after.py").open("a", encoding="utf-8") as lines:
        lines.write("# Newer\n")
    newer.committed("Newer")
    assert newer.run("git", "tag", "1.1.0").returncode == 0
    words = ("update", "--quiet", "--defaults")
    ended = service.python("-m", "copier", *words)
    assert ended.returncode == 0, ended
    assert "-n 6 --dist loadfile $(ARGS)" in text(service, "Makefile")
    assert "# Newer" in text(service, "app/services/http/retry_after.py")
    assert families_of(service) == {"review_post"}
    assert "_commit: 1.1.0" in text(service, ".copier-answers.yml")
    status = service.run("git", "status", "--porcelain").stdout.splitlines()
    assert sorted(line[3:] for line in status) == [
        ".copier-answers.yml",
        "app/services/http/retry_after.py",
    ]
