"""Names that lead to one thing: classes, modules and folders of ``app/`` and of the client."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from pathlib import Path

import app as package

APP = Path(package.__file__).parent
TESTS = APP.parent / "tests"
CLIENT = APP.parent / "sluice"
MODULES = sorted([*APP.rglob("*.py"), *CLIENT.rglob("*.py")])
MOST_MODULES = 13
MOST_LINES = 250
PARTICIPLE = re.compile(r"[a-z]+(ing|ed)")
NOUNS = frozenset({"claiming", "greeting", "monitoring", "routing", "seed"})
"""Names of things, although they end as participles do."""


def _place(module: Path) -> str:
    return module.relative_to(APP.parent).as_posix()


def test_a_public_class_name_stands_for_one_class() -> None:
    places = defaultdict(list)
    for module in MODULES:
        if CLIENT in module.parents:
            continue  # what the service and its client both speak of has one name in both
        for node in ast.parse(module.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(_place(module))
    # Each family calls its own params so.
    twice = {name for name, found in places.items() if len(found) > 1} - {"Params"}
    assert not twice


def test_no_folder_has_more_modules_than_one_can_look_over() -> None:
    modules = [*MODULES, *TESTS.rglob("*.py")]
    counted = [one for one in modules if one.name not in {"__init__.py", "conftest.py"}]
    counts = Counter(one.parent.relative_to(APP.parent).as_posix() for one in counted)
    # Families are a team's own, one file each.
    crowded = {folder for folder, number in counts.items() if number > MOST_MODULES}
    assert not crowded - {"app/workflows/families", "tests/workflows/families"}


def test_no_module_is_longer_than_one_can_read() -> None:
    long = {
        _place(module) for module in MODULES if len(module.read_text().splitlines()) > MOST_LINES
    }
    assert not long


def test_a_module_is_named_by_what_it_holds() -> None:
    participles = {module.stem for module in MODULES if PARTICIPLE.fullmatch(module.stem)}
    assert not participles - NOUNS


def test_a_docstring_says_what_a_function_returns_before_what_none_means() -> None:
    riddles = []
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                said = ast.get_docstring(node) or ""
                if re.match(r"None[:,]", said):
                    riddles.append(f"{_place(module)}: {node.name}")
    assert not riddles
