"""A service that was started from this repository, without any of the example families."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from app.migrate import scripts_of
from app.store.histories import SERVICE
from app.store.histories import SLUICE as OURS
from tests.scaffold.test_templates import is_marked
from tests.scaffold.test_update import change
from tests.support.processes.copied import ROOT, Copied, copied
from tests.support.servers.choice import TestServers
from tests.support.servers.histories import empty_database, tables_of, write_migration

pytestmark = [pytest.mark.scaffold, pytest.mark.timeout(300, func_only=True)]

OF_EXAMPLES = re.compile(
    r"welcome_placeholder|agent_welcome|scene_|review_post|_users\.|seed|examples|tutorial|llm/|offline"
    r"|images/(?!layers|steps)|app/models/\w+\.py"
)
EXAMPLE = "app/workflows/families/review_post.py"
SLUICE = ("-c", "from app.cli import main; main()")


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
    assert {file for file in files if OF_EXAMPLES.search(file)} == {"app/models/__init__.py"}
    marked = {file for file in files if is_marked(service.root / file)}
    assert not marked
    assert "scaffold/family/copier.yml" in files
    assert "copier.yml" not in files


def test_no_family_is_named_that_it_does_not_have(service: Copied) -> None:
    """Pages name one that stands for any, and say so; tests and types have their own."""
    stems = sorted(families_of(Copied(ROOT)))
    forms = [(one, one.replace("_", "-"), one.title().replace("_", "")) for one in stems]
    assert ("review_post", "review-post", "ReviewPost") in forms
    named = re.compile("|".join(form for one in forms for form in one))
    elsewhere = re.compile(r"(docs|tests)/|console/src/api/schema\.d\.ts$")
    kept = [file for file in service.files() if not elsewhere.match(file)]
    assert "app/workflows/keys.py" in kept
    readable = [file for file in kept if Path(file).suffix not in {".png", ".gz", ".woff2"}]
    assert [file for file in readable if named.search(text(service, file))] == []
    for page in ("docs/index.md", "docs/guides/client.md"):
        assert "it stands for one of yours" in text(service, page), page
        assert "it stands for one of yours" not in (ROOT / page).read_text("utf-8"), page


@pytest.fixture(scope="session")
def with_examples(template: Copied, tmp_path_factory: pytest.TempPathFactory) -> Copied:
    to = tmp_path_factory.mktemp("with-examples") / "acme-jobs"
    return started(template, to, "--data", "examples=true")


@pytest.mark.parametrize("kind", ["service", "with_examples"])
def test_it_passes_its_checks_and_its_documentation_is_built(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    service: Copied = request.getfixturevalue(kind)
    site = ("-c", "docs", "-b", "html", "-W", "-n", "--keep-going", "-q", ".", str(tmp_path))
    for command in (
        (sys.executable, "-m", "ruff", "format", "--check", "."),
        (sys.executable, "-m", "ruff", "check", "."),
        (sys.executable, "-m", "mypy"),
        (str(Path(sys.executable).with_name("lint-imports")),),
        (sys.executable, "-m", "sphinx", *site),
        (sys.executable, "-m", "docs.check", str(tmp_path)),
    ):
        ended = service.run(*command)
        assert ended.returncode == 0, (ended.stdout, ended.stderr)


def _verbs(page: str) -> Iterator[str]:
    """The first of each call of make; all of a call with options: ``make -j2 check docs``."""
    call = re.compile(
        r"(?:`|^ *)make ((?:-\S+ )*)([a-z0-9][a-z0-9-]*)((?: [a-z0-9-]+)*)", re.MULTILINE
    )
    for options, first, others in call.findall(page):
        yield first
        yield from others.split() if options else ()


@pytest.mark.parametrize("kind", ["service", "with_examples"])
def test_each_verb_that_its_ci_runs_and_its_pages_name_is_there(
    kind: str, request: pytest.FixtureRequest
) -> None:
    service: Copied = request.getfixturevalue(kind)
    verbs = set(re.findall(r"^([a-z0-9-]+):.*##", text(service, "Makefile"), re.MULTILINE))
    for file in (".ci/run", "README.md", "CONTRIBUTING.md"):
        named = set(_verbs(text(service, file)))
        assert named, file
        assert named <= verbs, file
    for module in re.findall(
        r"-m ((?:tests|bench|scaffold|docs)[\w.]*)", text(service, "Makefile")
    ):
        path = service.root / module.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), module
    for folder in re.findall(r"-m \w+ (tests/\w+)", text(service, "Makefile")):
        assert (service.root / folder).is_dir(), folder


async def test_its_database_has_no_table_but_ours(service: Copied, servers: TestServers) -> None:
    async with empty_database(servers.database_url) as dsn:
        env = {"DATABASE_URL": dsn, "REDIS_URL": servers.redis_url}
        ended = service.python(*SLUICE, "migrate", **env)
        assert ended.returncode == 0, ended
        looking = await asyncpg.connect(dsn)
        assert await tables_of(looking, "public") == set()
        assert "run" in await tables_of(looking, "sluice")
        await looking.close()


def test_its_demo_plays_as_it_stands(service: Copied, servers: TestServers, tmp_path: Path) -> None:
    env = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    ended = service.python(*SLUICE, "demo", **env, SLUICE_DATA_DIR=str(tmp_path))
    assert ended.returncode == 0, ended
    assert "[DryRun] Would process 100 guests" in ended.stdout
    assert "100 succeeded, 0 failed" in ended.stdout
    assert "No such command 'seed'" in service.python(*SLUICE, "seed", **env).stderr


SETTING = """
    crm_url: str = "nowhere"
"""
IMPORTS = """from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
"""
OF_SERVICES = """from app.services.crm import Crm
from app.services.provider import Provider
from app.services.settings import ServiceSettings
"""
PROVIDERS = """

@asynccontextmanager
async def _crm(settings: ServiceSettings) -> AsyncIterator[Crm]:
    yield Crm(settings.crm_url)


PROVIDERS: tuple[Provider[Any], ...] = (Provider(Crm, _crm),)
"""
CRM = '''"""The CRM."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Crm:
    url: str
'''
ASKED = """
import asyncio, sys
from app.bootstrap import Urls, open_service
from app.services.crm import Crm
from app.settings import load_settings

async def main():
    settings = load_settings()
    urls = Urls(settings.database_url, settings.redis_url)
    async with open_service(settings, urls, []) as service:
        print(service.services.others[Crm].url)

asyncio.run(main())
"""


async def test_settings_and_services_of_its_own_outlive_an_update(
    template: Copied, servers: TestServers, tmp_path: Path
) -> None:
    newer = Copied(tmp_path / "template")
    assert template.run("git", "clone", "--quiet", ".", str(newer.root)).returncode == 0
    service = started(newer, tmp_path / "service")
    own = {
        "app/services/settings.py": text(service, "app/services/settings.py") + SETTING,
        "app/services/providers.py": text(service, "app/services/providers.py")
        .replace("from typing import Any\n", IMPORTS)
        .replace("from app.services.provider import Provider\n", OF_SERVICES)
        .partition("\nPROVIDERS")[0]
        + PROVIDERS,
        "app/services/crm.py": CRM,
    }
    for file, code in own.items():
        (service.root / file).write_text(code, "utf-8")
    service.committed("Settings and a service of our own")
    # The tests' settings are the service's, and more.
    for check in ("ruff check app", "ruff format --check app", "mypy app tests/support"):
        ended = service.python("-m", *check.split())
        assert ended.returncode == 0, (ended.stdout, ended.stderr)
    for file in ("settings", "providers"):
        change(newer, f"scaffold/service/{file}.txt", "no update", "not one update")
    change(newer, "app/services/http/tls.py", "from __future__", "# Newer\nfrom __future__")
    newer.committed("Newer")
    assert newer.run("git", "tag", "1.1.0").returncode == 0
    ended = service.python("-m", "copier", "update", "--quiet", "--defaults")
    assert ended.returncode == 0, ended
    assert "# Newer" in text(service, "app/services/http/tls.py")
    assert {file: text(service, file) for file in own} == own
    async with empty_database(servers.database_url) as dsn:
        lines = (f"DATABASE_URL={dsn}", f"REDIS_URL={servers.redis_url}", "MAIL_FROM=me")
        (service.root / ".env").write_text("\n".join((*lines, "CRM_URL=https://crm.test")), "utf-8")
        for words in ((*SLUICE, "migrate"), ("-c", ASKED)):
            ended = service.python(*words)
            assert ended.returncode == 0, ended
        assert ended.stdout == "https://crm.test\n"
        for misspelt in ("SLUICE_PROT=1", "DATABSE_URL=x"):
            (service.root / ".env").write_text(misspelt, "utf-8")
            ended = service.python(*SLUICE, "migrate")
            assert f"Unknown setting {misspelt.partition('=')[0]}." in ended.stderr


@pytest.mark.timeout(0)  # each of those tests has a limit of its own
def test_a_family_of_its_own_and_the_whole_of_its_tests_pass(
    template: Copied, servers: TestServers, tmp_path: Path
) -> None:
    service = started(template, tmp_path / "service")
    ended = service.python("-m", "scaffold", "family", "name=acme-reminder", "entity=invoice")
    assert ended.returncode == 0, ended
    given = {"TEST_DATABASE_URL": servers.database_url, "TEST_REDIS_URL": servers.redis_url}
    whole = ("-n", "2", "--dist", "loadfile", "-m", "not alone and not scaffold and not tutorial")
    ended = replace(service, hangs=None).python("-m", "pytest", "-q", *whole, **given)
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
        [before] = scripts_of(OURS).get_heads()
        add = "ALTER TABLE sluice.run ADD COLUMN priority int"
        ours = replace(OURS, folder=newer.root / "alembic" / "sluice")
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


def test_an_update_brings_what_is_new_and_keeps_what_was_chosen_and_changed(
    template: Copied, tmp_path: Path
) -> None:
    newer = Copied(tmp_path / "template")
    assert template.run("git", "clone", "--quiet", ".", str(newer.root)).returncode == 0
    service = started(newer, tmp_path / "service", "--data", "examples=true")
    assert "review_post" in families_of(service)
    assert "[review-post]" in text(service, "docs/guides/writing-a-family.md")
    (service.root / "app/workflows/families/scene_images.py").unlink()
    change(service, "Makefile", "pytest $(SHARED) $(ARGS)", "pytest $(SHARED) -x $(ARGS)")
    service.committed("Mine")
    with (newer.root / "app/services/http/tls.py").open("a", encoding="utf-8") as lines:
        lines.write("# Newer\n")
    for file in (EXAMPLE, "tests/workflows/families/test_review_post.py", "app/models/post.py"):
        with (newer.root / file).open("a", encoding="utf-8") as lines:
            lines.write("# Newer\n")
    write_migration(
        replace(SERVICE, folder=newer.root / "alembic" / "service"), "20990101_post", None, "SELECT"
    )
    newer.committed("Newer")
    assert newer.run("git", "tag", "1.1.0").returncode == 0
    words = ("update", "--quiet", "--defaults")
    ended = service.python("-m", "copier", *words)
    assert ended.returncode == 0, ended
    assert "pytest $(SHARED) -x $(ARGS)" in text(service, "Makefile")
    assert "# Newer" in text(service, "app/services/http/tls.py")
    assert families_of(service) == {"agent_welcome", "review_post", "welcome_placeholder"}
    assert "_commit: 1.1.0" in text(service, ".copier-answers.yml")
    status = service.run("git", "status", "--porcelain").stdout.splitlines()
    assert sorted(line[3:] for line in status) == [
        ".copier-answers.yml",
        "app/services/http/tls.py",
    ]
