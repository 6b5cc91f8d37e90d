"""Which classes a family uses, so that its steps may be given them and return them."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from typing_extensions import NoDefault, get_original_bases

from app.workflows.contract.context import Context
from app.workflows.contract.job_family import AnyFamily, JobFamily
from app.workflows.contract.steps.http_request import HttpRequest
from app.workflows.contract.steps.http_response import HttpResponse
from app.workflows.contract.steps.matched_event import MatchedEvent
from app.workflows.serialization.codec import LARGEST, ValueCodec

_CONTRACT = (JobFamily, Generic, object)
_NO_DATA = ("pydantic.", "sqlmodel.", "enum", "app.bootstrap", "app.engine", "app.workflows.")
"""Where bases and machinery come from. The families' own files are below the last one."""
_FAMILIES = "app.workflows.families."


def values_of(family: AnyFamily, largest: int = LARGEST) -> ValueCodec:
    """Knows the enums, dataclasses and models that the family's file defines or imports, and those
    that its methods name."""
    values = ValueCodec(largest)
    values.use(HttpRequest, HttpResponse, MatchedEvent, *_arguments(type(family), {}))
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


def result_type(kind: type) -> Any:  # of any type
    """What the author put third in ``JobFamily[…]``, themselves or by way of a base."""
    return _arguments(kind, {})[2]


def entity_type(kind: type) -> Any:  # of any type
    """What they put second."""
    return _arguments(kind, {})[1]


def id_type(kind: type) -> object:
    """What they put fourth; text where they put nothing."""
    said = _arguments(kind, {})[3]
    return str if said is Any else said


def _arguments(kind: type, stand_for: Mapping[object, Any]) -> tuple[Any, ...]:  # any types
    """What stands in ``JobFamily[…]`` of a family or of a base that families share; ``Any`` for
    what nobody has said.

    Args:
        stand_for: what the type variables of ``kind`` itself are.
    """
    if kind is JobFamily:
        return tuple(stand_for.get(variable, Any) for variable in _variables(kind))
    said: list[Any] = [Any] * 4
    # What the class itself says of JobFamily goes before what its other bases say.
    for base in sorted(get_original_bases(kind), key=lambda one: _origin(one) is not JobFamily):
        origin = _origin(base)
        if isinstance(origin, type) and issubclass(origin, JobFamily):
            given = [_filled_in(one, stand_for) for one in get_args(base)]  # none, or all of them
            of_base = _arguments(origin, dict(zip(_variables(origin), given, strict=False)))
            said = [new if old is Any else old for old, new in zip(said, of_base, strict=True)]
    return tuple(said)


def _origin(base: object) -> object:
    return get_origin(base) or base


def _variables(generic: object) -> tuple[object, ...]:
    return getattr(generic, "__parameters__", ())


def _filled_in(argument: Any, stand_for: Mapping[object, Any]) -> Any:  # of any type
    if isinstance(argument, TypeVar):
        return _of_variable(argument, stand_for)
    variables = _variables(argument)
    if isinstance(argument, type):
        # Of pydantic's generic models Model[T] is a class too, and Model itself where T is its own.
        of_model = getattr(argument, "__pydantic_generic_metadata__", {})
        variables = of_model.get("parameters", ())
        if stand_for.keys().isdisjoint(variables):
            return argument
    return argument[tuple(_of_variable(v, stand_for) for v in variables)] if variables else argument


def _of_variable(variable: Any, stand_for: Mapping[object, Any]) -> Any:  # of any type
    otherwise = getattr(variable, "__default__", NoDefault)
    return stand_for.get(variable, Any if otherwise is NoDefault else otherwise)
