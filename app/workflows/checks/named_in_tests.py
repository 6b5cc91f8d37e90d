"""``no-test``: no file of the tests names the family."""

from __future__ import annotations

import re
from pathlib import Path

from app.workflows.checks.family_code import FamilyCode
from app.workflows.checks.findings import Findings, Rule


def check_tested(code: FamilyCode, tests: Path, findings: Findings) -> None:
    """
    Args:
        tests: the folder; it need not be there.
    """
    if not tests.is_dir():
        findings.skip(Rule.NO_TEST, "There is no folder tests/ here.")
        return
    kind = type(code.family)
    module = kind.__module__.rpartition(".")[2]
    called = "|".join(map(re.escape, {kind.__name__, module, code.family.name}))
    naming = re.compile(rf"(?<![\w-])(?:{called})(?![\w-])")
    if not any(naming.search(file.read_text("utf-8")) for file in tests.rglob("*.py")):
        findings.warning(
            Rule.NO_TEST,
            code.place_of(),
            f"No file of {tests.name}/ names {kind.__name__}. Write"
            f" {tests.name}/workflows/families/test_{module}.py, as make family does.",
        )
