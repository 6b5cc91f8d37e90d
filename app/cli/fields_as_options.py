"""The service's sentences name fields of a body or a query; who reads them on the command line has
options and arguments instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from typer.core import TyperCommand, TyperGroup, TyperOption

from app.errors import SluiceError

_WORD = re.compile(r"[A-Z]?[a-z]+")
_QUOTED = re.compile(r"`([A-Za-z]+)`")
_INSIDE = {"params": "--param", "entity": "--entity", "data": "--data"}
"""Of these the rest of a path stays, as what is inside of the option's value."""


def name_options(error: SluiceError, group: TyperGroup, called: Iterable[str]) -> None:
    """Have the error of a call name options in place of the fields at fault.

    Args:
        called: the words of the call, from the command's name on.
    """
    command, faults = _command(group, called), error.more.get("errors")
    if command is not None and isinstance(faults, list):
        error.detail = _with_options(error.detail, [one["field"] for one in faults], command)


def _command(group: TyperGroup, args: Iterable[str]) -> TyperCommand | None:
    found: object = group
    for word in args:
        if isinstance(found, TyperGroup) and word in found.commands:
            found = found.commands[word]
    return found if isinstance(found, TyperCommand) else None


def _with_options(sentence: str, fields: Iterable[str], command: TyperCommand) -> str:
    """What the command calls them in place of the fields with which a line begins, and of names
    between backticks."""
    names = _names(command)
    for field in fields:
        option = _option(field, names)
        if option is not None:
            begins = re.compile(rf"^(\s*){re.escape(field)}(?=:? )", re.MULTILINE)
            sentence = begins.sub(rf"\g<1>{option}", sentence)
    return _QUOTED.sub(lambda found: f"`{_option(found[1], names) or found[1]}`", sentence)


def _names(command: TyperCommand) -> Mapping[str, str]:
    """What each option and argument is called, by its words."""
    names: dict[str, str] = {}
    for one in command.params:
        if isinstance(one, TyperOption):
            names |= {name.removeprefix("--"): name for name in one.opts if name.startswith("--")}
        elif one.name is not None:
            names[one.name.replace("_", "-")] = one.metavar or one.name.upper()
    return names


def _option(field: str, names: Mapping[str, str]) -> str | None:
    """What the command takes it by, if it does."""
    first, *rest = [part for part in field.split(".") if not part.isdigit()] or [""]
    if first == "options" and rest:
        first, *rest = rest
    inside = _INSIDE.get(first)
    if inside is not None:
        there = inside.removeprefix("--") in names
        return f"{inside} {'.'.join(rest)}".rstrip() if there else None
    words = "-".join(word.lower() for part in (first, *rest) for word in _WORD.findall(part))
    one_of_many = re.sub("s$", "", re.sub("ies$", "y", words))
    alike = (words, words.removesuffix("-seconds"), one_of_many)
    return next((names[name] for name in alike if name in names), None)
