"""The text of a family: where each of its members is written, and what its methods lead to."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType

from app.workflows.checks.findings import Place
from app.workflows.contract.job_family import AnyFamily, JobFamily

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class SourceModule:
    """A module whose text is there."""

    module: ModuleType
    file: Path
    tree: ast.Module = field(repr=False)

    @cached_property
    def imported(self) -> dict[str, str]:
        """By the name that it has here, what was imported, with dots: ``sleep``: ``time.sleep``."""
        return dict(_imports(self.tree))

    def dotted(self, node: ast.expr) -> str:
        """What an expression such as ``httpx2.AsyncClient`` is, wherever it was imported from;
        empty for what is none."""
        match node:
            case ast.Name(id=name):
                return self.imported.get(name, "")
            case ast.Attribute(value=inner, attr=attr):
                found = self.dotted(inner)
                return f"{found}.{attr}" if found else ""
        return ""


@dataclass(frozen=True)
class FamilyCode:
    """A family, with the modules that it and its bases are written in, its own first: those of the
    service, and none of Sluice's own, nor of a library."""

    family: AnyFamily
    modules: tuple[SourceModule, ...]

    @property
    def kinds(self) -> Iterator[type]:
        """The classes that its author wrote, in the order in which Python looks for members."""
        package = _package(type(self.family))
        for kind in type(self.family).__mro__:
            if kind not in JobFamily.__mro__ and _package(kind) == package:
                yield kind

    def place_of(self, *members: str) -> Place:
        """Where the first of these members is written that is; else where the class is."""
        for member in members:
            for kind in self.kinds:
                if member in vars(kind) and (found := self._member(kind, member)) is not None:
                    return found
        return self._class_place(type(self.family))

    def reached_from(self, methods: Iterable[str]) -> Iterator[tuple[SourceModule, Function]]:
        """These methods, and whatever of the same modules they call by its name, once each."""
        known = {
            name: (source, function)
            for source in reversed(self.modules)
            for name, function in _functions(source.tree)
        }
        left, seen = [name for name in methods if name in known], set[str]()
        while left:
            name = left.pop()
            if name in seen:
                continue
            seen.add(name)
            source, function = known[name]
            yield source, function
            left += [called for called in _names(function) if called in known]

    def _member(self, kind: type, member: str) -> Place | None:
        found = self._class_node(kind)
        for node in [] if found is None else found[1].body:
            if member in _assigned(node) and found is not None:
                return Place(found[0].file, node.lineno)
        return None

    def _class_place(self, kind: type) -> Place:
        found = self._class_node(kind)
        if found is None:  # made by type(), without a text
            return Place(self.modules[0].file, 1)
        return Place(found[0].file, found[1].lineno)

    def _class_node(self, kind: type) -> tuple[SourceModule, ast.ClassDef] | None:
        for source in self.modules:
            if source.module.__name__ != kind.__module__:
                continue
            for node in ast.walk(source.tree):
                if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
                    return source, node
        return None


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def code_of(family: AnyFamily) -> FamilyCode:
    code = FamilyCode(family, ())
    names = dict.fromkeys(kind.__module__ for kind in code.kinds)
    found = [source_of_module(sys.modules[name]) for name in names if name in sys.modules]
    return FamilyCode(family, tuple(one for one in found if one is not None))


def source_of_module(module: ModuleType) -> SourceModule | None:
    """The module's source; None: it has none."""
    try:
        file = inspect.getsourcefile(module)
    except TypeError:  # built in
        return None
    if file is None or not Path(file).is_file():
        return None
    path = Path(file).resolve()
    return SourceModule(module, path, ast.parse(path.read_text("utf-8")))


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for one in names:
                    # Without `as`, only the first part is a name here.
                    first = one.name.partition(".")[0]
                    yield (one.asname, one.name) if one.asname else (first, first)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from ((one.asname or one.name, f"{module}.{one.name}") for one in names)


def _assigned(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign(targets=targets):
            yield from (one.id for one in targets if isinstance(one, ast.Name))


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Of the module itself and of its classes, by name."""
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for one in inner:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                yield one.name, one


def _names(function: Function) -> Iterator[str]:
    """What it reads by its name, or of ``self``."""
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name):
                yield name
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                yield name
