"""Options that several commands share, declared once as the fields of a dataclass."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

Command = Callable[..., None]


def with_option_group(command: Command) -> Command:
    """Let a command take an option for each field of its one parameter that is a dataclass, in the
    place of that parameter; it is called with the dataclass.

    A field is ``Annotated`` with its ``typer.Option``, and has a default.
    """
    signature = inspect.signature(command, eval_str=True)
    [group] = [one for one in signature.parameters.values() if is_dataclass(one.annotation)]
    made = group.annotation
    hints = get_type_hints(made, include_extras=True)
    options = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY,
            default=field.default, annotation=hints[field.name],
        )
        for field in fields(made)
    ]  # fmt: skip
    names = [option.name for option in options]

    @wraps(command)
    def expanded(**named: Any) -> None:  # whatever typer has parsed
        given = {name: named.pop(name) for name in names}
        command(**named, **{group.name: made(**given)})

    parameters: list[inspect.Parameter] = []
    for one in signature.parameters.values():
        parameters += options if one is group else [one]
    expanded.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # typer reads it
    return expanded
