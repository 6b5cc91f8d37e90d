"""Reads from a class's source what is gone at run time: docstrings of attributes, comments."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent

_SECTION = re.compile(r"^(Args|Raises|Returns):$")
_NAMED = re.compile(r"^ {4}(\w+): (.*)$")
_TITLES = {"Args": "Arguments", "Raises": "Raises", "Returns": "Answers"}


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    annotation: str
    """Empty: none, as of an enum's member."""
    default: str | None
    """As it stands in the code; None: it must be given."""
    text: str
    """The docstring behind it, or else the comment beside it; empty: neither."""


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    signature: str
    text: str
    is_property: bool


def parsed(cls: type) -> ast.ClassDef:
    [node] = ast.parse(dedent(inspect.getsource(cls))).body
    assert isinstance(node, ast.ClassDef)  # noqa: S101 - a class's source is a class
    return node


def attributes(cls: type) -> Iterator[Attribute]:
    lines = dedent(inspect.getsource(cls)).splitlines()
    body = parsed(cls).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, annotation = node.target.id, ast.unparse(node.annotation)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, annotation = node.targets[0].id, ""
        else:
            continue
        if name.startswith("_") or name == "model_config":
            continue
        comment = lines[(node.end_lineno or node.lineno) - 1].partition("  # ")[2]
        default = None if node.value is None else ast.unparse(node.value)
        kind = annotation.removeprefix("ClassVar[").removesuffix("]") if "ClassVar" in annotation \
            else annotation  # fmt: skip
        yield Attribute(name, kind, default, _docstring_of(after) or comment)


def methods(cls: type) -> Iterator[Method]:
    """The public ones, overloads apart."""
    for node in parsed(cls).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        marks = {ast.unparse(mark) for mark in node.decorator_list}
        if node.name.startswith("_") or "overload" in marks:
            continue
        del (node.args.posonlyargs or node.args.args)[0]  # self
        arguments = ast.unparse(node.args)
        answers = "" if node.returns is None else f" -> {ast.unparse(node.returns)}"
        yield Method(
            node.name, f"{node.name}({arguments}){answers}", ast.get_docstring(node) or "",
            is_property="property" in marks,
        )  # fmt: skip


def as_markdown(docstring: str) -> str:
    """Its sections of arguments and errors become lists."""
    lines = []
    for line in docstring.replace("``", "`").splitlines():
        if section := _SECTION.match(line):
            lines.append(f"{_TITLES[section[1]]}:\n")
        elif named := _NAMED.match(line):
            lines.append(f"- `{named[1]}`: {named[2]}")
        else:
            lines.append(f"  {line.strip()}" if line.startswith("     ") else line)
    return "\n".join(lines).strip()


def _docstring_of(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return inspect.cleandoc(str(node.value.value))
    return ""
