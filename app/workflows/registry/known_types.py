"""Which classes a family uses, so that its steps may be given them and return them."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable
from enum import Enum
from typing import Any, Generic, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from app.workflows.contract.context import Context
from app.workflows.contract.http_response import HttpResponse
from app.workflows.contract.job_family import AnyFamily, JobFamily
from app.workflows.serialization.codec import LARGEST, ValueCodec

_CONTRACT = (JobFamily, Generic, object)
_NO_DATA = ("pydantic.", "sqlmodel.", "enum", "app.bootstrap", "app.engine", "app.workflows.")
"""Where bases and machinery come from. The families' own files are below the last one."""
_FAMILIES = "app.workflows.families."


def values_of(family: AnyFamily, largest: int = LARGEST) -> ValueCodec:
    """Knows the enums, dataclasses and models that the family's file defines or imports, and those
    that its methods name."""
    values = ValueCodec(largest)
    values.use(HttpResponse)
    for base in type(family).__mro__[:-1]:
        if base in _CONTRACT:
            continue
        values.use(*filter(_is_data, vars(sys.modules[base.__module__]).values()))
        values.use(*getattr(base, "__orig_bases__", ()))
        for method in vars(base).values():
            if inspect.isfunction(method):
                values.use(*hints_of(method))
    return values


def _is_data(member: object) -> bool:
    if not inspect.isclass(member):
        return False
    if member.__module__.startswith(_NO_DATA) and not member.__module__.startswith(_FAMILIES):
        return False
    return issubclass(member, (BaseModel, Enum)) or dataclasses.is_dataclass(member)


def hints_of(function: Callable[..., object]) -> list[object]:
    """What it is given and returns, as far as it can be told when it runs."""
    try:
        found = get_type_hints(function)
    except (NameError, TypeError):  # names that only a type checker sees
        return []
    return [hint for hint in found.values() if hint is not Context]


def result_type(kind: type) -> Any:  # whatever the author put third in JobFamily[…]
    for base in getattr(kind, "__orig_bases__", ()):
        arguments = get_args(base)
        if len(arguments) in (3, 4):
            return arguments[2]
    return Any


def id_type(kind: type) -> object:
    """What the author put fourth in ``JobFamily[…]``; text where they put nothing."""
    for base in kind.__mro__:
        for generic in getattr(base, "__orig_bases__", ()):
            if get_origin(generic) is JobFamily:
                return get_args(generic)[3]
    return str
