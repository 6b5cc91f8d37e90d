"""Every event that the code logs stands in docs/reference/logs.md, with its level and fields."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import app as package

APP = Path(package.__file__).parent
PAGE = APP.parent / "docs" / "reference" / "logs.md"
EVENT = re.compile(r"[a-z]+(_[a-z]+)*")
LEVELS = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
    "exception": "error",
    "critical": "critical",
}
TOLD_BY = {
    "Fault": (1, "warning"),
    "fault": (1, "warning"),
    "log_crash": (0, "critical"),
    "_say": (0, "warning"),
}
"""What logs an event that it is given: as which argument, and at which level."""
PASSED_ON = {"app/connections/faults.py", "app/logs.py", "app/workflows/monitoring/worker_load.py"}
"""Where those are, whose own call of a logger names no constant."""


@dataclass(frozen=True)
class Logged:
    event: str
    level: str
    fields: frozenset[str]
    where: str


def _events(node: ast.expr) -> list[str]:
    """Of a constant, and of one of two."""
    match node:
        case ast.Constant(value=str(event)):
            return [event]
        case ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other))):
            return [one, other]
    return []


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _place(call: ast.Call) -> tuple[ast.expr, str] | None:
    """The argument that is the event, and the level; None: it logs nothing."""
    match call.func:
        case ast.Attribute(attr=method, value=logger) if method in LEVELS and call.args:
            made = isinstance(logger, ast.Call) and _name(logger.func) == "get_logger"
            if made or _name(logger).rstrip("_").endswith("log"):
                return call.args[0], LEVELS[method]
    index, level = TOLD_BY.get(_name(call.func), (0, ""))
    return (call.args[index], level) if level and len(call.args) > index else None


def logged() -> Iterator[Logged]:
    for file in sorted(APP.rglob("*.py")):
        name = file.relative_to(APP.parent).as_posix()
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or (found := _place(node)) is None:
                continue
            where = f"{name}:{node.lineno}"
            events = [event for event in _events(found[0]) if EVENT.fullmatch(event)]
            if not events and _name(node.func) in TOLD_BY:
                continue  # of the same name, and about something else
            assert events or name in PASSED_ON, f"{where}: an event is a constant"
            fields = frozenset(one.arg for one in node.keywords if one.arg is not None)
            yield from (Logged(event, found[1], fields, where) for event in events)


def told() -> dict[str, tuple[set[str], set[str]]]:
    """By event: the levels and the fields of its row. A row may tell of several events, and then of
    the level of each."""
    found = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) < 4 or not (events := re.findall(r"`(\w+)`", cells[0])):
            continue
        levels = re.findall(r"\w+", cells[1])
        for number, event in enumerate(events):
            of_it = {levels[number]} if len(levels) == len(events) else set(levels)
            found[event] = (of_it, set(re.findall(r"`(\w+)`", cells[2])))
    return found


def test_the_reference_tells_every_event_that_the_code_logs_and_no_other() -> None:
    code = defaultdict(list)
    for one in logged():
        code[one.event].append(one.where)
    page = told()
    assert {event: where for event, where in code.items() if event not in page} == {}
    assert page.keys() - code.keys() == set()


def test_the_reference_tells_the_levels_and_the_fields_of_each_event() -> None:
    page = told()
    levels: defaultdict[str, set[str]] = defaultdict(set)
    fields: defaultdict[str, set[str]] = defaultdict(set)
    for one in logged():
        levels[one.event].add(one.level)
        fields[one.event] |= one.fields - {"exc_info"}
    assert dict(levels) == {event: page[event][0] for event in levels}
    assert {event: left for event in fields if (left := fields[event] - page[event][1])} == {}


def test_what_is_logged_of_every_item_is_debug() -> None:
    """At ``info`` a run of millions must not write millions of lines."""
    rooms = (
        "app/workflows/layers/execute.py",
        "app/workflows/layers/item_",
        "app/workflows/steps/",
    )
    every = list(logged())
    often = {(one.event, one.level) for one in every if one.where.startswith(rooms)}
    assert {one.level for one in every if one.event == "layer_entered"} == {"debug"}
    assert {event for event, level in often if level == "debug"} >= {
        "chunk_claimed",
        "item_handled",
        "step_asked",
        "step_remembered",
    }
    assert not {event for event, level in often if level == "info"}
