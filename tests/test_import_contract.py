"""What ``make check`` lets families, models and services import of Sluice's own modules."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.support.processes.copied import ROOT, Copied

ALLOWED = [
    "app.errors",
    "app.services.provider",
    "app.store.tables.base",
    "app.workflows.contract.job_family",
    "app.workflows.family",
    "app.workflows.sources",
]
REFUSED = [
    "app.brand_new",  # one that nobody has written yet
    "app.connections.driver",
    "app.flow.gate",
    "app.store.runs.runs",
    "app.tokens",
    "app.workflows.runs.control",
    "app.workflows.sources.item_source",
]


@pytest.fixture
def copy(tmp_path: Path) -> Copied:
    for name in ("app", "sluice"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "app" / "brand_new.py").touch()
    return Copied(tmp_path)


def _said(copy: Copied, modules: list[str]) -> tuple[int, str]:
    family = copy.root / "app" / "workflows" / "families" / "probe.py"
    family.write_text("".join(f"import {module}\n" for module in modules))
    ended = copy.run(str(Path(sys.executable).with_name("lint-imports")))
    return ended.returncode, ended.stdout


def test_a_family_imports_what_its_guide_says(copy: Copied) -> None:
    code, said = _said(copy, ALLOWED)
    assert code == 0, said


def test_and_nothing_else_of_ours(copy: Copied) -> None:
    code, said = _said(copy, REFUSED)
    assert code == 1
    assert [module for module in REFUSED if f"probe -> {module} " not in said] == []
