"""What a new family and what it works on may be called, and the names that follow."""

from __future__ import annotations

import builtins
import importlib.util
import keyword
import sys
from dataclasses import dataclass
from pathlib import Path

from app.connections.schema import SCHEMA
from app.declared_tables import service_tables, sluice_tables
from app.errors import BadInput, ConfigurationError
from app.workflows import family
from app.workflows.registry.discovery import KEBAB, LONGEST_NAME, discover_families

_IMPORTED = {*family.__all__, "Page", "Params", "Path", "Select", "Sequence"}
"""Names that a generated file has already."""


@dataclass(frozen=True, slots=True)
class Names:
    """``family_class`` is in the plural, as a family is about many."""

    name: str
    module: str
    family_class: str
    table_class: str
    entity: str
    plural: str
    entity_class: str
    entity_field: str
    entity_module: str


def check_name(root: Path, name: str) -> str:
    """The family's name, if it can be one.

    Raises:
        BadInput: it cannot; says why.
    """
    check_kebab("A family's name", name)
    module = snake(name)
    _check_word(name, module)
    if module in sys.stdlib_module_names or importlib.util.find_spec(module) is not None:
        raise BadInput(f"{name!r} would shadow the module {module}. Choose another name.")
    for file in sorted((root / "app").rglob(f"{module}.py")):
        raise BadInput(
            f"{name!r} is taken: {file.relative_to(root)} is there. Choose another name."
        )
    try:
        taken = name in discover_families()
    except ConfigurationError as error:
        raise BadInput(f"The families that are there cannot be loaded: {error.detail}") from error
    if taken:
        raise BadInput(f"There is a family {name!r} already. Choose another name.")
    if module in service_tables().tables or f"{SCHEMA}.{module}" in sluice_tables().tables:
        raise BadInput(f"{name!r} is taken: there is a table {module}. Choose another name.")
    return name


def check_entity(word: str) -> str:
    """What the family works on, in one or in many.

    Raises:
        BadInput: it cannot be said so; says why.
    """
    check_kebab("What a family works on", word)
    _check_word(word, snake(word))
    if word == "run":
        raise BadInput("'run' would make runId, which is a run's own. Choose another entity.")
    return word


def names(name: str, entity: str, plural: str, *, entity_class: str = "") -> Names:
    """The names of everything that is written.

    Args:
        entity_class: the class of the entity's table, if it is there.

    Raises:
        BadInput: two of them would be the same.
    """
    made = Names(
        name=name,
        module=snake(name),
        family_class=in_many(camel(name)),
        table_class=camel(name),
        entity=entity,
        plural=plural,
        entity_class=entity_class or camel(entity),
        entity_field=f"{snake(entity)}_id",
        entity_module=snake(entity),
    )
    _check_apart(made.family_class, made.table_class, made.entity_class)
    return made


def snake(word: str) -> str:
    return word.replace("-", "_")


def camel(word: str) -> str:
    return "".join(part.capitalize() for part in word.split("-"))


def in_many(word: str) -> str:
    """The plural, as far as a rule can tell."""
    if word.endswith("y") and word[-2:-1] not in set("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh")) else f"{word}s"


def check_kebab(what: str, word: str) -> None:
    if not KEBAB.fullmatch(word) or len(word) > LONGEST_NAME:
        raise BadInput(
            f"{what} is kebab-case and at most {LONGEST_NAME} characters, such as"
            f" 'invoice-reminder'; it is {word!r}."
        )


def _check_word(word: str, as_python: str) -> None:
    if keyword.iskeyword(as_python) or keyword.issoftkeyword(as_python):
        raise BadInput(f"{word!r} is a word of Python's own. Choose another.")
    # None, True and False are keywords; Exception and the like would be hidden in the new file.
    if hasattr(builtins, camel(word)) or keyword.iskeyword(camel(word)):
        raise BadInput(
            f"{word!r} would make the class {camel(word)}, a word of Python's own. Choose another."
        )


def _check_apart(*classes: str) -> None:
    for name in classes:
        if name in _IMPORTED or classes.count(name) > 1:
            raise BadInput(
                f"Two things would be called {name}. Choose another name, or another entity."
            )
