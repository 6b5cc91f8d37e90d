"""What the checklist has found, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic.alias_generators import to_camel
from rich.console import Console
from rich.text import Text

from app.cli.output.console import printable
from app.workflows.checks.checklist import CheckedFamily
from app.workflows.checks.declaration import declaration
from app.workflows.checks.findings import Place, Severity
from app.workflows.contract.job_family import AnyFamily

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


def as_answer(checked: Sequence[CheckedFamily]) -> dict[str, object]:
    return {
        "success": True,
        "families": [
            {
                "name": one.name,
                **_place(one.place),
                "declares": None if one.family is None else _declares(one.family),
                "findings": [
                    {
                        "rule": finding.rule,
                        "severity": finding.severity,
                        "message": finding.message,
                        **_place(finding.place),
                    }
                    for finding in one.found
                ],
                "skipped": [{"rule": each.rule, "reason": each.reason} for each in one.skipped],
            }
            for one in checked
        ],
    }


def _declares(family: AnyFamily) -> dict[str, str]:
    return {to_camel(what.replace(" ", "_")): said for what, said in declaration(family).items()}


def print_checked(console: Console, checked: Sequence[CheckedFamily], *, whole: bool) -> None:
    """
    Args:
        whole: what they declare too.
    """
    for one in checked:
        _say(console, f"{one.name}  {_written(one.place)}", "bold")
        if whole and one.family is not None:
            for what, said in declaration(one.family).items():
                _say(console, f"  {what:<18}{said}")
        for finding in one.found:
            style = _STYLES[finding.severity]
            where = _written(finding.place)
            _say(console, f"  {finding.severity:<8}{finding.rule}  {where}", style)
            _say(console, f"          {finding.message}")
        for each in one.skipped:
            _say(console, f"  skipped {each.rule}: {each.reason}", "dim")
    _say(console, _total(checked))


def _total(checked: Sequence[CheckedFamily]) -> str:
    found = [finding.severity for one in checked for finding in one.found]
    return ", ".join(
        f"{number} {noun if number == 1 else many}"
        for number, noun, many in (
            (len(checked), "family", "families"),
            (found.count(Severity.ERROR), "error", "errors"),
            (found.count(Severity.WARNING), "warning", "warnings"),
        )
    )


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(printable(text), style), soft_wrap=True)


def _place(place: Place) -> dict[str, object]:
    return {"file": _file(place), "line": place.line}


def _written(place: Place) -> str:
    return f"{_file(place)}:{place.line}"


def _file(place: Place) -> str:
    """As one opens it from here."""
    here = Path.cwd()
    file = place.file
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
