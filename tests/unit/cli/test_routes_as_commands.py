"""What a sentence of the service says to do, as somebody on the command line does it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup

import app
from app.cli.app import loaded
from app.cli.routes_as_commands import COMMANDS, with_commands

ROOT = Path(app.__file__).parent
ROUTE = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) /api/")


def _text(node: ast.expr) -> str | None:
    """Of a string, with an x for each value that it is made with."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values
        )
    return None


def _said() -> Iterator[str]:
    """Every string of the code that names a route, but for docstrings and what describes fields."""
    for path in ROOT.rglob("*.py"):
        tree = ast.parse(path.read_text())
        aside = {
            id(part)
            for node in ast.walk(tree)
            if (isinstance(node, ast.keyword) and node.arg == "description")
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            or isinstance(node, ast.JoinedStr)
            for part in (ast.walk(node) if not isinstance(node, ast.JoinedStr) else node.values)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.expr) and id(node) not in aside and (text := _text(node)):
                yield from [text] if ROUTE.search(text) and text not in COMMANDS else []


def test_each_route_that_a_sentence_names_has_a_command() -> None:
    said = set(_said())
    assert len(said) > 8
    assert [text for text in said if ROUTE.search(with_commands(text, "sluice"))] == []


def test_each_route_that_has_a_command_has_a_view_of_the_console() -> None:
    table = (ROOT.parent / "console" / "src" / "api" / "routesAsViews.ts").read_text()
    assert re.findall(r'\["([A-Z]+ /api/[^"]+)", ', table) == list(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS.values()))
def test_each_command_is_there(command: str) -> None:
    found: object = loaded()
    for word in [word for word in command.split() if word.isalpha() and word.islower()]:
        assert isinstance(found, TyperGroup)
        assert word in found.commands
        found = found.commands[word]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "There is no run x. GET /api/runs lists them.",
            "There is no run x. `sluice runs` lists them.",
        ),
        (
            "See GET /api/runs/run_1/failures.",
            "See `sluice failures run_1`.",
        ),
        ("Watch it: GET /api/runs/run_1", "Watch it: `sluice watch run_1`"),
        (
            "GET /api/notifications/{a}/deliveries lists them.",
            "`sluice notify deliveries {a}` lists them.",
        ),
        ("(GET /api/runs/run_1)", "(`sluice watch run_1`)"),
        ("GET /api/runs/run_1/history is long.", "GET /api/runs/run_1/history is long."),
        ("GET /api/runs-of-mine", "GET /api/runs-of-mine"),
    ],
)
def test_a_route_becomes_its_command(said: str, told: str) -> None:
    assert with_commands(said, "sluice") == told
