"""Goes through the checklist: of every family, or of one."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import BadInput, ConfigurationError
from app.workflows.checks.blocking_calls import check_blocking_calls
from app.workflows.checks.contract_rules import (
    DeliveryLimits,
    check_saved,
    check_schedule,
    check_timeout,
)
from app.workflows.checks.eligible_ids import check_eligible
from app.workflows.checks.family_code import FamilyCode, code_of
from app.workflows.checks.findings import Finding, Findings, Place, Rule, SkippedCheck, not_allowed
from app.workflows.checks.named_in_tests import check_tested
from app.workflows.checks.network_calls import check_flow_limit
from app.workflows.contract.job_family import AnyFamily
from app.workflows.registry.discovery import (
    PACKAGE,
    collect_families,
    family_modules,
    load_family,
    require_complete,
)

_PLACE = re.compile(r"\S+?\.py(?: line (\d+))?: ")
"""With which the sentences of ``discovery`` begin."""


@dataclass(frozen=True, slots=True)
class CheckedFamily:
    """``family``: None of a file from which none can be had, whose ``name`` is the file's."""

    name: str
    place: Place
    family: AnyFamily | None
    found: Sequence[Finding]
    skipped: Sequence[SkippedCheck] = field(default=())


@dataclass(frozen=True, slots=True)
class Checklist:
    """
    Args:
        tests: the folder of the tests; it need not be there.
        limits: of the engine; None: it has none.
        database: of the families' tables; or a sentence that says why there is none.
    """

    tests: Path
    limits: DeliveryLimits | None
    database: AsyncEngine | str
    package: str = PACKAGE

    async def check(self, name: str | None = None) -> list[CheckedFamily]:
        """In the order of their files.

        Args:
            name: of a family; None: of all. A file that cannot be loaded is told in both cases,
                unless the family is found.

        Raises:
            BadInput: there is no such family.
        """
        loaded: list[tuple[str, AnyFamily]] = []
        broken: list[CheckedFamily] = []
        for module in family_modules(self.package):
            try:
                loaded.append(load_family(module))
            except ConfigurationError as error:
                broken.append(_refused(module, error))
        wanted = [one for one in loaded if name in (None, getattr(one[1], "name", None))]
        if name is not None and not wanted and not broken:
            known = ", ".join(sorted(family.name for _, family in loaded)) or "none"
            raise BadInput(f"There is no family {name!r}. Known are: {known}.")
        checked = [await self._check(where, family) for where, family in wanted]
        if not checked or name is None:
            checked += broken
        if name is None and not any(_is_refused(one) for one in checked):
            checked += self._together(loaded)
        return checked

    async def _check(self, where: str, family: AnyFamily) -> CheckedFamily:
        code, findings = code_of(family), Findings()
        name = getattr(family, "name", type(family).__name__)
        try:
            if not check_schedule(code, findings):
                require_complete(where, family)
        except ConfigurationError as error:
            refused = _refused(type(family).__module__, error)
            return CheckedFamily(name, code.place_of(), family, refused.found)
        await self._look(code, findings)
        return CheckedFamily(
            name, code.place_of(), family, not_allowed(findings.found), findings.skipped
        )

    async def _look(self, code: FamilyCode, findings: Findings) -> None:
        check_saved(code, findings)
        check_timeout(code, self.limits, findings)
        check_flow_limit(code, findings)
        check_blocking_calls(code, findings)
        check_tested(code, self.tests, findings)
        await check_eligible(code, self.database, findings)

    def _together(self, loaded: Sequence[tuple[str, AnyFamily]]) -> Iterator[CheckedFamily]:
        """What is wrong with none of them alone: a name that is taken twice."""
        try:
            collect_families(loaded)
        except ConfigurationError as error:
            file, _, _ = error.detail.partition(".py")
            yield _refused(f"{self.package}.{file}", error)


def _is_refused(checked: CheckedFamily) -> bool:
    rules = {finding.rule for finding in checked.found}
    return bool(rules & {Rule.REFUSED, Rule.SCHEDULE_WITHOUT_PARAMS})


def _refused(module: str, error: ConfigurationError) -> CheckedFamily:
    """With the sentence with which the service would not start."""
    spec = importlib.util.find_spec(module)
    file = Path((spec and spec.origin) or f"{module.rpartition('.')[2]}.py")
    said = _PLACE.match(error.detail)
    line = int(said[1]) if said is not None and said[1] else 1
    sentence = error.detail if said is None else error.detail[said.end() :]
    findings = Findings()
    findings.error(Rule.REFUSED, Place(file, line), f"The service does not start: {sentence}")
    return CheckedFamily(file.stem, Place(file, line), None, findings.found)
