"""What type annotations say: which classes they name, and whether a value is of their type."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import typing
from collections.abc import Callable as AbstractCallable
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePath
from types import NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

Check = AbstractCallable[[object], bool]

BUILTIN = (
    str, int, float, complex, bytes, list, tuple, dict, set, frozenset, datetime, date, time,
    timedelta, UUID, Decimal, PurePath,
)  # fmt: skip
"""A subclass of these is more than its fields."""

_SCALARS = {*BUILTIN, bool, NoneType, Path}


def classes_in(annotation: Any, seen: set[Any]) -> Iterator[type]:  # annotations are of no one type
    """Every enum, dataclass and pydantic model that ``annotation`` leads to.

    ``seen`` is what need not be looked at again, and grows. What leads nowhere, or names what
    cannot be found, is passed over.
    """
    for one in all_in(annotation, seen):
        if isinstance(one, type) and get_origin(one) is None and _is_ours(one):
            yield one


def all_in(annotation: Any, seen: set[Any]) -> Iterator[Any]:  # annotations are of no one type
    """The annotation, and every other that it leads to through generics and fields of classes."""
    waiting = [annotation]
    while waiting:
        one = waiting.pop()
        try:
            if one in seen:
                continue
            seen.add(one)
        except TypeError:  # it cannot be hashed: Annotated with a list
            pass
        waiting.extend(_named_by(one))
        yield one


def is_secret(annotation: Any) -> bool:  # annotations are of no one type
    """Whether it is one of pydantic's types that are not shown."""
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, (SecretStr, SecretBytes, Secret))


def _is_ours(cls: type) -> bool:
    if issubclass(cls, (Enum, BaseModel)):
        return True
    return dataclasses.is_dataclass(cls) and not issubclass(cls, BUILTIN)


def _named_by(one: Any) -> Iterable[Any]:  # annotations are of no one type
    origin = get_origin(one)
    if origin is AbstractCallable:
        return ()
    if origin is Annotated:
        return (one.__origin__,)
    if origin is Literal:
        return [type(value) for value in get_args(one) if isinstance(value, Enum)]
    if origin is not None:
        return (origin, *get_args(one))
    # By its name: typing has it since 3.12 only, and pydantic makes those of typing_extensions.
    if type(one).__name__ == "TypeAliasType":
        return _resolved(one, "__value__")
    if isinstance(one, typing.NewType):
        return (one.__supertype__,)
    return _fields_of(one) if isinstance(one, type) else ()


def _fields_of(one: type) -> Iterable[Any]:  # annotations are of no one type
    if one is BaseModel:
        return ()
    if issubclass(one, BaseModel):
        if not one.__pydantic_complete__:
            one.model_rebuild(raise_errors=False)
        fields = [field.annotation for field in one.model_fields.values()]
        return (*fields, one.__pydantic_generic_metadata__["origin"])
    if dataclasses.is_dataclass(one) or typing.is_typeddict(one):
        return [found for base in one.__mro__ for found in _annotations_of(base)]
    return ()


def _resolved(owner: Any, attribute: str) -> Iterable[Any]:  # of whatever it is an alias
    try:
        return (getattr(owner, attribute),)
    except NameError:
        return ()


def _annotations_of(cls: type) -> Iterator[Any]:
    """Each by itself, because one name that cannot be found must not hide the others."""
    scope = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    local = {cls.__name__: cls, **vars(cls)}
    for annotation in inspect.get_annotations(cls).values():
        alone = SimpleNamespace(__annotations__={"it": annotation})
        try:
            yield from typing.get_type_hints(alone, scope, local, include_extras=True).values()
        except (NameError, AttributeError, TypeError, SyntaxError):
            continue


def validates(metadata: Iterable[object]) -> bool:
    """Whether it holds a validator, of which the outcome may be of any type."""
    return any(
        hasattr(one, "func") or hasattr(one, "__get_pydantic_core_schema__") for one in metadata
    )


def check_of(annotation: Any) -> Check | None:  # annotations are of no one type
    """Whether a value is of this type, by ``isinstance`` through the common generics.

    None: nothing can be said, because the annotation is of a kind that is not known here, such as
    a protocol, a type variable or one that validates by itself.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return None if validates(annotation.__metadata__) else check_of(inner[0])
    if origin is Literal:
        return lambda value: value in inner
    if origin in (Union, UnionType):
        options = [check for each in inner if (check := check_of(each)) is not None]
        if len(options) < len(inner):
            return None
        return lambda value: any(option(value) for option in options)
    if origin in (list, set, frozenset, tuple, dict):
        return _check_of_items(origin, inner)
    if annotation is float:  # to which an int is as good
        return lambda value: isinstance(value, (float, int))
    if isinstance(annotation, type) and (annotation in _SCALARS or _is_ours(annotation)):
        return lambda value: isinstance(value, annotation)
    return None


def _check_of_items(origin: type, inner: tuple[Any, ...]) -> Check:  # as get_args gives them
    if origin is dict:
        keys, values = _each(dict, check_of(inner[0])), check_of(inner[1])
        if values is None:
            return keys
        return lambda value: keys(value) and all(map(values, typing.cast("Any", value).values()))
    if origin is tuple and inner[1:] != (...,):
        return lambda value: isinstance(value, tuple) and len(value) == len(inner)
    return _each(origin, check_of(inner[0]))


def _each(kind: type, check: Check | None) -> Check:
    if check is None:
        return lambda value: isinstance(value, kind)
    return lambda value: isinstance(value, kind) and all(map(check, typing.cast("Any", value)))
