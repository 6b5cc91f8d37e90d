"""Which values JSON gives back as they were: told by their type once, so that nothing has to be
looked at for each item."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

Surely = Callable[[Any], bool]  # a value of any type
"""Whether JSON surely gives back this very value."""

_PLAIN_CONFIG = frozenset({"frozen", "title", "extra", "from_attributes", "hide_input_in_errors"})

_DECORATORS = (
    "validators", "field_validators", "root_validators", "field_serializers", "model_serializers",
    "model_validators", "computed_fields",
)  # fmt: skip
_OWN = ("model_dump_json", "model_post_init", "__eq__", "__init__")


def always(_value: object) -> bool:
    return True


def surely(annotation: Any) -> Surely | None:  # annotations are of no one type
    """What tells of a value of this type that JSON gives it back; None: nothing does, and it has to
    be tried.

    It may say no of a value that would come back, and never yes of one that would not. That a
    value is of its type at all is found out when JSON is made of it.
    """
    return _surely(annotation, ())


def _surely(annotation: Any, inside: tuple[type, ...]) -> Surely | None:
    if annotation is None or annotation in (str, int, bool, NoneType):
        return always
    if annotation is float:
        return math.isfinite
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return always if all(type(one) in (str, int, bool, NoneType) for one in inner) else None
    if origin is list:
        item = _surely(inner[0], inside)
        return item and _all(item)
    if origin is dict:
        value = _surely(inner[1], inside) if inner[0] is str else None
        return value and _all_values(value)
    if origin in (Union, UnionType):
        return _of_union(inner, inside)
    if isinstance(annotation, type) and origin is None and issubclass(annotation, BaseModel):
        return _of_model(annotation, inside)
    return None


def _all(item: Surely) -> Surely:
    return always if item is always else lambda values: all(map(item, values))


def _all_values(value: Surely) -> Surely:
    return always if value is always else lambda found: all(map(value, found.values()))


def _of_union(options: tuple[Any, ...], inside: tuple[type, ...]) -> Surely | None:
    """Of one type or nothing. Which of several a JSON value means is not told here."""
    kinds = [one for one in options if one is not NoneType]
    if all(one in (str, int, bool) for one in kinds):
        return always
    one = _surely(kinds[0], inside) if len(kinds) == 1 else None
    if one is None or one is always:
        return one
    return lambda value: value is None or one(value)


def _of_model(model: type[BaseModel], inside: tuple[type, ...]) -> Surely | None:
    """Of a model that does nothing but hold fields, under their own names."""
    if model in inside or not model.__pydantic_complete__ or not _is_plain(model):
        return None
    fields: dict[str, Surely] = {}
    for name, field in model.model_fields.items():
        if field.metadata or field.exclude or field.alias or field.serialization_alias:
            return None
        told = _surely(field.annotation, (*inside, model))
        if told is None:
            return None
        if told is not always:
            fields[name] = told
    # A subclass has more fields than are written.
    if not fields:
        return lambda value: type(value) is model
    return lambda value: (
        type(value) is model and all(told(value.__dict__[name]) for name, told in fields.items())
    )


def _is_plain(model: type[BaseModel]) -> bool:
    config, decorators = model.model_config, model.__pydantic_decorators__
    return (
        config.keys() <= _PLAIN_CONFIG
        and config.get("extra") != "allow"
        and not model.__private_attributes__
        and not any(getattr(decorators, kind) for kind in _DECORATORS)
        and all(getattr(model, name) is getattr(BaseModel, name) for name in _OWN)
        and model.__get_pydantic_core_schema__.__func__  # type: ignore[attr-defined]  # a classmethod
        is BaseModel.__get_pydantic_core_schema__.__func__  # type: ignore[attr-defined]
    )
