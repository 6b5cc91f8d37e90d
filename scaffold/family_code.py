"""What the code of a family says of its ids. It is read and not loaded: a family that is to be
brought up to date may import what is no longer there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scaffold.entities import PYTHON

_KINDS = {python: kind for kind, python in PYTHON.items()}


@dataclass(frozen=True, slots=True)
class IdsInCode:
    """``kind`` is a key of ``PYTHON``, ``module`` is where the entity's class is imported from,
    ``key`` is its attribute that holds the id. Each is empty where the code does not tell it."""

    kind: str = ""
    module: str = ""
    key: str = ""


def ids_in_code(file: Path, entity_class: str) -> IdsInCode:
    try:
        tree = ast.parse(file.read_text("utf-8"))
    except (OSError, SyntaxError, ValueError):
        return IdsInCode()
    return IdsInCode(
        kind=next(filter(None, (_kind_of(written) for written in _id_types(tree))), ""),
        module=_imported_from(tree, entity_class),
        key=_key(tree, entity_class),
    )


def _id_types(tree: ast.Module) -> Iterator[ast.expr | None]:
    """Wherever a type of ids is written, the surest first."""
    for made in _classes(tree):
        for base in made.bases:
            match base:
                case ast.Subscript(slice=ast.Tuple(elts=[_, _, _, id_type])):
                    yield id_type
        for method in _methods(made, "load"):
            yield from (given.annotation for given in method.args.args[1:2])
        for method in _methods(made, "eligible"):
            match method.returns:
                case ast.Subscript(slice=selected):
                    yield selected


def _kind_of(written: ast.expr | None) -> str:
    """Of ``int``, ``uuid.UUID``, ``tuple[int, …]``, where the id comes first, and as text."""
    match written:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _KINDS.get(name, "")
        case ast.Constant(value=str(name)):
            return _KINDS.get(name.rpartition(".")[2], "")
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[first, *_])):
            return _kind_of(first)
        case ast.Subscript(value=ast.Name(id="tuple"), slice=only):
            return _kind_of(only)
    return ""


def _imported_from(tree: ast.Module, entity_class: str) -> str:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), level=0):
                if any((one.asname or one.name) == entity_class for one in node.names):
                    return module
    return ""


def _key(tree: ast.Module, entity_class: str) -> str:
    """The attribute that ``eligible`` selects: the first argument of a ``select``."""
    for made in _classes(tree):
        for method in _methods(made, "eligible"):
            for node in ast.walk(method):
                match node:
                    case ast.Call(func=ast.Name(id="select"), args=[selected, *_]):
                        if key := _attribute(selected, entity_class):
                            return key
    return ""


def _attribute(selected: ast.expr, entity_class: str) -> str:
    """Of ``User.id`` and of ``col(User.id)``."""
    match selected:
        case ast.Attribute(value=ast.Name(id=name), attr=key) if name == entity_class:
            return key
        case ast.Call(func=ast.Name(id="col"), args=[inner]):
            return _attribute(inner, entity_class)
    return ""


def _classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def _methods(made: ast.ClassDef, name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    found = (n for n in made.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return [method for method in found if method.name == name]
