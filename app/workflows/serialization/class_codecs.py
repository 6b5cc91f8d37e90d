"""The classes that a family's values are made of: enums, dataclasses and pydantic models.

A class stands in the text by its qualified name, ``module:Name``, and is taken apart and put
together by its fields alone. Nothing of its own runs on the way back, neither validators nor
``__init__``, ``__post_init__`` or ``model_post_init``, so that a value comes back as it was even
where a validator would change it once more. Instead, the names of the fields must be those of the
text, and a model's fields must hold what their annotations say, apart from defaults, from fields
with validators, and from rows of tables, none of which pydantic promises.

What is no field does not travel. Private attributes of a model are at their defaults again; an
``InitVar``, a cached property, a table's relationship and whatever else was set are gone.
"""

from __future__ import annotations

import dataclasses
import inspect
from abc import ABC, abstractmethod
from enum import Enum, Flag
from functools import cached_property
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from sqlalchemy.orm.attributes import manager_of_class, set_committed_value

from app.workflows.serialization.annotations import Check, check_of, validates
from app.workflows.serialization.scalars import Unreadable, ValueRefused

Parts = dict[str, Any]
"""What stands for an instance: ``v``, and for some models ``set`` and ``extra``. A part that is a
dict holds fields by their names."""


class ClassCodec(ABC):
    def __init__(self, cls: type) -> None:
        self.cls: Any = cls  # whatever a family declares
        self.name = qualified(cls)

    @abstractmethod
    def parts(self, value: Any) -> Parts:  # an instance of cls
        """
        Raises:
            Refused: ``build`` could not make it again.
        """

    @abstractmethod
    def build(self, parts: Parts) -> object:
        """
        Raises:
            Unreadable: the class is not as it was when these parts were written.
        """

    def _same_fields(self, found: object, names: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(found, dict):
            raise Unreadable(f"What was kept of a {self.name} is not a set of fields.")
        if found.keys() != set(names):
            gone = [f"{name!r} was a field" for name in sorted(found.keys() - set(names))]
            new = [f"{name!r} was not" for name in sorted(set(names) - found.keys())]
            raise Unreadable(
                f"{self.name} has other fields now than when this was written: then"
                f" {', '.join(gone + new)}. Give the class back its fields, or let the step run"
                " again."
            )
        return found


def qualified(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def known(cls: type) -> ClassCodec:
    if issubclass(cls, Enum):
        return KnownEnum(cls)
    return KnownModel(cls) if issubclass(cls, BaseModel) else KnownDataclass(cls)


class KnownEnum(ClassCodec):
    """A member goes by its name; flags that are composed, and so have none, by their value."""

    def parts(self, value: Enum) -> Parts:
        # By their underscored names, because a member may be called ``name`` or ``value``.
        if self.cls.__members__.get(value._name_) is value:
            return {"v": value._name_}
        if isinstance(value, Flag):
            return {"v": value._value_}
        raise ValueRefused(f"is {value!r}, which is no member of {self.name}.")

    def build(self, parts: Parts) -> object:
        kept = parts["v"]
        if type(kept) is int and issubclass(self.cls, Flag):
            return self.cls(kept)
        if kept not in self.cls.__members__:
            raise Unreadable(f"{self.name} has no member {kept!r} now. Give it back that member.")
        return self.cls.__members__[kept]


class KnownDataclass(ClassCodec):
    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(field.name for field in dataclasses.fields(self.cls))

    def parts(self, value: object) -> Parts:
        fields = {}
        for name in self._names:
            try:
                fields[name] = getattr(value, name)
            except AttributeError:
                raise ValueRefused(_without(self.name, name)) from None
        return {"v": fields}

    def build(self, parts: Parts) -> object:
        made = self.cls.__new__(self.cls)
        for name, value in self._same_fields(parts["v"], self._names).items():
            object.__setattr__(made, name, value)  # frozen or not
        return made


class KnownModel(ClassCodec):
    """A row of a table comes back as if newly made: it belongs to no session, so merge it."""

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.cls.model_fields)

    @cached_property
    def _is_table(self) -> bool:
        return getattr(self.cls, "__table__", None) is not None

    @cached_property
    def _allows_extra(self) -> bool:
        return bool(self.cls.model_config.get("extra") == "allow")

    @cached_property
    def _checks(self) -> dict[str, Check]:
        if self._is_table or self.cls.model_config.get("use_enum_values"):
            return {}
        decorators = self.cls.__pydantic_decorators__
        validators = (*decorators.field_validators.values(), *decorators.validators.values())
        validated = {name for validator in validators for name in validator.info.fields}
        return {
            name: check
            for name, field in self.cls.model_fields.items()
            if not validated & {name, "*"} and not validates(field.metadata)
            if (check := check_of(field.annotation)) is not None
        }

    def parts(self, value: BaseModel) -> Parts:
        held = value.__dict__
        try:
            fields = {name: held[name] for name in self._names}
        except KeyError as missing:
            raise ValueRefused(_without(self.name, missing.args[0])) from None
        given, extra = value.__pydantic_fields_set__, value.__pydantic_extra__
        if (name := self._misfit(fields, given)) is not None:
            refused = ValueRefused(
                f"{_misfit(self.cls, name, fields)}. Give it what its class accepts."
            )
            refused.inside(value, f".{name}")
            raise refused
        parts: Parts = {"v": fields}
        if extra:
            parts["extra"] = extra
        if given != {*fields, *(extra or ())}:
            parts["set"] = sorted(given)
        return parts

    def build(self, parts: Parts) -> object:
        fields, extra = self._same_fields(parts["v"], self._names), parts.get("extra", {})
        if extra and not self._allows_extra:
            raise Unreadable(f"{self.name} has no fields {', '.join(map(repr, extra))} now.")
        given = set(parts.get("set", (*fields, *extra)))
        if (name := self._misfit(fields, given)) is not None:
            raise Unreadable(
                f"{self.name} is not as it was when this was written: its field {name!r}"
                f" {_misfit(self.cls, name, fields)}."
            )
        if self._is_table:
            return self._row(fields, given)
        made: BaseModel = self.cls.__new__(self.cls)
        made.__setstate__(
            {
                "__dict__": fields,
                "__pydantic_fields_set__": given,
                "__pydantic_extra__": extra if self._allows_extra else None,
                "__pydantic_private__": self._private(),
            }
        )
        return made

    def _row(self, fields: dict[str, Any], given: set[str]) -> object:
        row: BaseModel = manager_of_class(self.cls).new_instance()
        for name, value in fields.items():
            set_committed_value(row, name, value)
        object.__setattr__(row, "__pydantic_fields_set__", given)
        return row

    def _private(self) -> dict[str, Any] | None:
        attributes = self.cls.__private_attributes__
        if not attributes:
            return None
        defaults = {name: attribute.get_default() for name, attribute in attributes.items()}
        return {name: it for name, it in defaults.items() if it is not PydanticUndefined}

    def _misfit(self, fields: dict[str, Any], given: set[str]) -> str | None:
        for name, fits in self._checks.items():
            if name in given and not fits(fields[name]):
                return name
        return None


def _misfit(cls: type[BaseModel], name: str, fields: dict[str, Any]) -> str:
    declared = inspect.formatannotation(cls.model_fields[name].annotation)
    return f"holds a {type(fields[name]).__qualname__} and is declared as {declared}"


def _without(cls: str, name: str) -> str:
    return (
        f"has no value for its field {name!r}, so that its {cls} could not be made again. Set the"
        " field; where it is a row that has expired, load it first."
    )
