"""Finding the families: one function, and no registry that imports fill."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
import traceback
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from types import ModuleType

from app.config.priorities import HIGHEST, LOWEST
from app.errors import ConfigurationError, full_stop
from app.workflows.contract.backoff import Backoff
from app.workflows.contract.job_family import AnyFamily, JobFamily, overridden
from app.workflows.contract.parts.entity import Entity
from app.workflows.contract.result_memory import Remembered, RememberedResults
from app.workflows.contract.steps.batched_method import check_batched
from app.workflows.contract.throttle import check_throttles
from app.workflows.registry.known_types import entity_type, result_type, values_of
from app.workflows.registry.param_types import (
    check_invoked_type,
    check_named,
    check_params_type,
)
from app.workflows.registry.rename import check_renames
from app.workflows.registry.result_types import check_result_type
from app.workflows.registry.schedule_spec import check_starts
from app.workflows.serialization.params import Params, ParamsVersion
from app.workflows.serialization.secret_box import SecretBox

PACKAGE = "app.workflows.families"
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 60
"""Characters of a family's name."""
MOST_VERSIONS = 2**31 - 1


def discover_families(package: str = PACKAGE) -> dict[str, AnyFamily]:
    """Every family of the package's folder, by name. A file whose name begins with an underscore
    holds what several families share, and is none.

    Raises:
        ConfigurationError: a file that cannot be loaded, that does not define exactly one family,
            whose family is incomplete, or whose family's name is taken. Says which and why.
    """
    return collect_families(load_family(module) for module in family_modules(package))


def family_modules(package: str = PACKAGE) -> list[str]:
    """The modules of the package's folder that hold a family, by their whole names."""
    folder = importlib.import_module(package)
    return [
        f"{package}.{info.name}"
        for info in pkgutil.iter_modules(folder.__path__)
        if not info.name.startswith("_")
    ]


def folder_of(package: str = PACKAGE) -> Path:
    """Where the package's families are."""
    return Path(importlib.import_module(package).__path__[0])


def collect_families(families: Iterable[tuple[str, AnyFamily]]) -> dict[str, AnyFamily]:
    """Check families and put them by name. The text before each says where it comes from."""
    found: dict[str, AnyFamily] = {}
    origin: dict[str, str] = {}
    for where, family in families:
        require_complete(where, family)
        if family.name in found:
            raise ConfigurationError(
                f"{where}: the name {family.name!r} is taken by {origin[family.name]}."
                " Give one of them another name."
            )
        found[family.name] = family
        origin[family.name] = where
    check_renames(found)
    return found


def load_family(module_name: str) -> tuple[str, AnyFamily]:
    """The family, and before it the file and line where it is defined.

    Raises:
        ConfigurationError: the module cannot be loaded, or does not define exactly one.
    """
    file = f"{module_name.rpartition('.')[2]}.py"
    try:
        module = importlib.import_module(module_name)
    except ConfigurationError as error:
        raise ConfigurationError(f"{_place(file, module_name, error)}: {error.detail}") from error
    except (Exception, SystemExit) as error:
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ConfigurationError(
            f"{_place(file, module_name, error)}: it cannot be loaded: {type(error).__name__}:"
            f" {said}"
        ) from error
    defined = _defined_in(module)
    if len(defined) != 1:
        names = ", ".join(f"{c.__name__}{_line_of(c)}" for c in defined) or "none"
        raise ConfigurationError(
            f"{file} must define exactly one subclass of JobFamily; it defines {names}."
        )
    where = f"{file}{_line_of(defined[0])}"
    try:
        return where, defined[0]()
    except TypeError as error:
        raise ConfigurationError(
            f"{where}: {defined[0].__name__}() cannot be made: {full_stop(str(error))}"
            " A family takes no arguments."
        ) from error


def _place(file: str, module_name: str, error: BaseException) -> str:
    """The file, and the line of it that ``error`` came from."""
    spec = importlib.util.find_spec(module_name)
    path = None if spec is None else spec.origin
    if isinstance(error, SyntaxError) and error.filename == path:
        return f"{file} line {error.lineno}"
    lines = [
        line
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == path
    ]
    return f"{file} line {lines[-1]}" if lines else file


def _line_of(cls: type[AnyFamily]) -> str:
    """Of its definition; empty for a class that no text defines, such as one from ``type()``."""
    try:
        return f" line {inspect.getsourcelines(cls)[1]}"
    except OSError:
        return ""


def _defined_in(module: ModuleType) -> list[type[AnyFamily]]:
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, JobFamily) and member.__module__ == module.__name__
    ]


def require_complete(where: str, family: AnyFamily) -> None:
    """
    Raises:
        ConfigurationError: it lacks something, or declares what cannot be used.
    """
    name = getattr(family, "name", None)
    if not isinstance(name, str) or not KEBAB.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ConfigurationError(
            f"{where}: a family's name is kebab-case and at most {LONGEST_NAME} characters,"
            f" such as 'invoice-reminder'; it is {name!r}."
        )
    entity = getattr(family, "entity", None)
    if not isinstance(entity, Entity) or not all(
        KEBAB.fullmatch(word) for word in (entity.singular, entity.plural, family.verb)
    ):
        raise ConfigurationError(
            f'{where}: {name} needs entity = Entity("user", "users") and a verb, in kebab-case:'
            " they make its routes."
        )
    if entity.singular == "run":
        raise ConfigurationError(
            f"{where}: {name} cannot have the entity 'run': its id would be runId, as a run's is."
        )
    alike = {"sample"} if entity.singular == entity.plural else set()
    if family.verb in {"process", "paginate"} | alike:
        raise ConfigurationError(
            f"{where}: {name} cannot have the verb {family.verb!r}: a route is named so already."
        )
    written = overridden(family, ("eligible", "page", "load", "execute"))
    missing = {"load", "execute"} - written
    if missing:
        raise ConfigurationError(f"{where}: {name} lacks the method {min(missing)}().")
    if len(written & {"eligible", "page"}) != 1:
        raise ConfigurationError(
            f"{where}: {name} needs either eligible() for a SELECT, or page() for another source."
        )
    cut_by = getattr(family.partitions, "param", None)
    if cut_by is not None and cut_by not in family.params.model_fields:
        raise ConfigurationError(
            f"{where}: {name} is cut in partitions by {cut_by!r}, which is none of its params."
        )
    _check_numbers(f"{where}: {name}", family)
    _check_remembered(f"{where}: {name}", family)
    _check_values(where, family)


def _check_numbers(what: str, family: AnyFamily) -> None:
    timeout: object = family.timeout
    if not (isinstance(timeout, timedelta) and timeout > timedelta(0)):
        raise ConfigurationError(f"{what} needs a timeout, such as timedelta(minutes=5).")
    if not isinstance(family.backoff, Backoff):
        raise ConfigurationError(f"{what} needs a backoff that is a Backoff(…).")
    if min(family.attempts, family.page_size, family.chunk_size) < 1:
        raise ConfigurationError(f"{what} needs attempts, page_size and chunk_size of 1 or more.")
    if type(family.priority) is not int or not LOWEST <= family.priority <= HIGHEST:
        raise ConfigurationError(f"{what} needs a priority that is a whole number from 0 to 9.")
    check_throttles(what, family.throttle)


def _check_remembered(what: str, family: AnyFamily) -> None:
    version: object = family.version
    if type(version) is not int or not 1 <= version <= MOST_VERSIONS:
        raise ConfigurationError(
            f"{what} needs a version that is a whole number of 1 or more, not {version!r}."
        )
    existing: object = family.existing
    written: object = type(family).existing
    if written is Remembered:
        raise ConfigurationError(f"{what} says existing = Remembered. Write Remembered().")
    if not isinstance(existing, RememberedResults):
        return
    try:
        check_named(family.params, existing.by)
    except ConfigurationError as error:
        raise ConfigurationError(f"{what}: existing = Remembered(…): {error.detail}") from None
    cut_by = getattr(family.partitions, "param", None)
    if family.partitions is not None and (cut_by not in existing.by if cut_by else not existing.by):
        one = cut_by or "day"
        raise ConfigurationError(
            f"{what} is cut in partitions, of which each has results of its own. Let"
            f' Remembered name what it is cut by, such as by=("{one}",).'
        )


def _check_values(where: str, family: AnyFamily) -> None:
    """That what it is given, and returns, can be kept."""
    try:
        check_batched(type(family), taken=vars(JobFamily))
        check_params_type(family.params)
        check_invoked_type(family.invokes, entity_type(type(family)))
        check_result_type(result_type(type(family)))
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {family.name}: {error.detail}") from error
    try:
        version = ParamsVersion(family.params_version, family.migrate_params)
        params = Params(family.params, values_of(family), SecretBox.fresh(), version=version)
        check_starts(family, params)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error.detail}") from error
