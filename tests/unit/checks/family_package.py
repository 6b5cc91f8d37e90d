"""Packages of families that a test writes, and what the checklist says of them."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from app.workflows.checks.checklist import CheckedFamily, Checklist
from app.workflows.checks.contract_rules import DeliveryLimits
from app.workflows.checks.findings import Finding

_NUMBERS = itertools.count(1)
NO_DATABASE = "There is no database."
HERE = "# here"
"""At the end of the line that a finding is to name."""

HEAD = """
from __future__ import annotations
from collections.abc import Sequence
from datetime import timedelta
from sqlalchemy import Select
from sqlmodel import select
from app.workflows.family import Context, Cron, Entity, FamilyParams, Flow, FlowControl, JobFamily
from tests.support.users import User
"""
CLASS = """
class Greet(JobFamily[FamilyParams, str, str]):
    name = "greet"
    entity = Entity("user", "users")
"""
ELIGIBLE = """
    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)
"""
LOAD = """
    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id
"""
EXECUTE = """
    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        return entity
"""
SAVE = """
    async def save(self, entity: str, result: str, params: FamilyParams, ctx: Context) -> None:
        pass
"""
EXISTING = """
    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        return set()
"""


def family(
    *more: str,
    head: str = "",
    declared: str = "",
    eligible: str = ELIGIBLE,
    load: str = LOAD,
    execute: str = EXECUTE,
) -> str:
    """The text of a family without a fault, but for what is said."""
    return "".join((HEAD, head, CLASS, declared, eligible, load, execute, *more))


@dataclass(frozen=True)
class Written:
    """A package of families, and a folder of tests that name each of them."""

    package: str
    folder: Path
    tests: Path

    async def checked(
        self,
        name: str | None = None,
        *,
        limits: DeliveryLimits | None = None,
        database: AsyncEngine | str = NO_DATABASE,
    ) -> list[CheckedFamily]:
        return await Checklist(self.tests, limits, database, self.package).check(name)

    async def found(
        self, *, limits: DeliveryLimits | None = None, database: AsyncEngine | str = NO_DATABASE
    ) -> list[Finding]:
        checked = await self.checked(limits=limits, database=database)
        return [finding for one in checked for finding in one.found]


@contextmanager
def written(folder: Path, **files: str) -> Iterator[Written]:
    name = f"checked_families_{next(_NUMBERS)}"
    package, tests = folder / name, folder / "tests"
    package.mkdir()
    tests.mkdir()
    (package / "__init__.py").touch()
    for module, text in files.items():
        (package / f"{module}.py").write_text(text.replace("PACKAGE", name), "utf-8")
        (tests / f"test_{module}.py").write_text(f'"""The family ``{module}``."""\n', "utf-8")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield Written(name, package, tests)
    finally:
        sys.path.remove(str(folder))
        for module in [one for one in sys.modules if one.partition(".")[0] == name]:
            del sys.modules[module]


def line_of(finding: Finding) -> str:
    return finding.place.file.read_text("utf-8").splitlines()[finding.place.line - 1]
