"""What can be told of the templates by looking at them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.support.processes.copied import ROOT, Copied

MARKS = re.compile(r"# copier:|<!--%|<!--#|\[\[\[=")
MARKED = {
    *(".copier-answers.yml", ".env.example", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile"),
    *("README.md", "compose.env.example", "copier.yml", "docker-compose.yml", "pyproject.toml"),
    *("app/__init__.py", "app/cli/app.py", "app/cli/demo/__init__.py", "app/cli/server/serve.py"),
    *("app/services/providers.py", "app/services/settings.py"),
    *("docs/explanation/guarantees.md", "docs/guides/adopting.md", "docs/guides/batches.md"),
    *("docs/guides/remember.md", "docs/guides/running.md"),
    *("docs/guides/writing-a-family.md", "docs/index.md", "docs/reference/cli.md"),
    *("docs/reference/settings.md", "docs/guides/client.md", "ops/observe.py"),
    *("scaffold/service/CHANGELOG.md", "scaffold/service/README.md"),
    "scaffold/service/family_names.md",
    "tests/scaffold/test_templates.py",
}


def is_marked(path: Path) -> bool:
    try:
        return MARKS.search(path.read_text("utf-8")) is not None
    except UnicodeDecodeError:
        return False


def test_templates_stand_where_they_are_meant_and_nowhere_else() -> None:
    listed = Copied(ROOT).run("git", "ls-files", "-z").stdout.split("\0")
    assert {file for file in listed if file and is_marked(ROOT / file)} == MARKED


def test_no_line_of_code_in_a_template_is_longer_than_the_formatter_lets_it_be() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    most = project["tool"]["ruff"]["line-length"]
    templates = [*(ROOT / "scaffold").rglob("*.py.jinja")]
    assert templates
    # Of a line with a placeholder nobody knows here how long it becomes.
    lines = [
        line
        for file in templates
        for line in file.read_text("utf-8").splitlines()
        if not re.search(r"\{[{%#]", line)
    ]
    assert [line for line in lines if len(line) > most] == []
