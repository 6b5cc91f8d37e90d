"""What can be told of params, and of entities that callers hand over, before anything runs: types
that could not be kept, and params that a declaration names and that are none or a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, PlainSerializer, ValidationError, WrapSerializer
from pydantic.fields import FieldInfo

from app.errors import BadInput, ConfigurationError, field_errors, first_of, full_stop
from app.workflows.serialization.annotations import all_in, is_secret
from app.workflows.serialization.codec import ValueCodec
from app.workflows.serialization.params import Params
from app.workflows.serialization.secret_box import SecretBox

_WRITERS = (PlainSerializer, WrapSerializer)


def check_params_type(kind: type[BaseModel]) -> None:
    """
    Raises:
        ConfigurationError: params of this type would not be the same when they are read back, or a
            secret in them would be shown.
    """
    _check_kept(kind, "params")
    try:
        defaults = kind()
    except ValidationError as error:
        fields = kind.model_fields.items()
        given = {field.alias or name for name, field in fields if not field.is_required()}
        faults = field_errors(error, "params")
        wrong = [one for one in faults if one["field"].partition(".")[2].split(".")[0] in given]
        if not wrong:
            return  # some have none
        raise ConfigurationError(
            f"what params are when nothing is named: {full_stop(first_of(wrong))}"
        ) from None
    try:
        Params(kind, ValueCodec(), SecretBox.fresh()).keep(defaults)
    except BadInput as error:
        raise ConfigurationError(f"what params are when nothing is named: {error.detail}") from None


def check_invoked_type(kind: object, entity: object) -> None:
    """
    Args:
        kind: what ``invokes`` says.
        entity: what ``load`` returns, by the family's second type.

    Raises:
        ConfigurationError: it is no model that checks what it is given, or ``execute`` is not made
            for it; or see ``check_params_type``.
    """
    if kind is None:
        return
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        raise ConfigurationError(f"invokes must be a pydantic model, and not {kind!r}.")
    if kind.model_config.get("table"):
        raise ConfigurationError(
            f"invokes = {kind.__name__} is a table, which takes whatever it is given unchecked. Let"
            " load() return a FamilyEntity of what execute() needs, and name that."
        )
    kinds = get_args(entity) if get_origin(entity) in (Union, UnionType) else (entity,)
    known = [one for one in kinds if isinstance(one, type) and one is not Any]
    if len(known) == len(kinds) and not any(issubclass(kind, one) for one in known):
        names = " or ".join(one.__name__ for one in known)
        raise ConfigurationError(
            f"invokes = {kind.__name__}, but execute() is given {names}, by the second type in"
            " JobFamily[…]. Both must be the same."
        )
    _check_kept(kind, "entity")


def _check_kept(kind: type[BaseModel], word: str) -> None:
    for one in all_in(kind, set()):
        _check_secret_places(one, word)
        if isinstance(one, type) and issubclass(one, BaseModel) and one is not BaseModel:
            _check_model(one, word)


def check_param(kind: type[BaseModel], name: str, *, whose: str, secret: str) -> None:
    """
    Args:
        whose: the subject of what is said where there is none, such as ``after: greet``.
        secret: what is said of one that holds a secret.

    Raises:
        ConfigurationError: there is no such param, or it holds a secret.
    """
    field = kind.model_fields.get(name)
    if field is None:
        known = ", ".join(kind.model_fields) or "none"
        raise ConfigurationError(f"{whose} has no param {name!r}. It has: {known}.")
    if any(is_secret(one) for one in all_in(field.annotation, set())):
        raise ConfigurationError(secret)


def check_named(kind: type[BaseModel], names: Sequence[str]) -> None:
    """
    Raises:
        ConfigurationError: results cannot be told apart by one of these params.
    """
    for name in names:
        field = kind.model_fields.get(name)
        if field is None:
            known = ", ".join(kind.model_fields) or "there is none"
            raise ConfigurationError(
                f"by names {name!r}, which is none of its params ({known}), by their names in"
                " Python."
            )
        for one in all_in(field.annotation, set()):
            if is_secret(one):
                raise ConfigurationError(
                    f"by names {name!r}, which holds a secret. What it hides would be kept as a"
                    " digest, from which a short one can be guessed: name another param."
                )
            if get_origin(one) in (set, frozenset, AbstractSet) or one in (set, frozenset):
                raise ConfigurationError(
                    f"by names {name!r}, which holds a set: its values come in no order. Make it a"
                    " tuple."
                )


def _check_secret_places(annotation: Any, word: str) -> None:  # annotations are of no one type
    if get_origin(annotation) is Annotated:
        secret, *metadata = get_args(annotation)
        if is_secret(secret) and any(isinstance(one, _WRITERS) for one in metadata):
            raise ConfigurationError(_shown(f"a secret of {word}"))
    keyed = get_origin(annotation) in (dict, Mapping) and get_args(annotation)
    if keyed and is_secret(keyed[0]):
        raise ConfigurationError(
            f"a secret of {word} is the key of a dict, where it cannot be hidden. Make it a value."
        )


def _check_model(model: type[BaseModel], word: str) -> None:
    written_by = model.__pydantic_decorators__
    by_fields = {name for one in written_by.field_serializers.values() for name in one.info.fields}
    for name, field in model.model_fields.items():
        place = f"{word}: {model.__name__}.{name}"
        if field.exclude:
            raise ConfigurationError(
                f"{place} is excluded from what is kept, so that no run would get it. Leave out"
                " exclude=True."
            )
        if any(is_secret(one) for one in all_in(field.annotation, set())) and (
            by_fields & {name, "*"}
            or written_by.model_serializers
            or any(isinstance(one, _WRITERS) for one in field.metadata)
        ):
            raise ConfigurationError(_shown(place))
        written = field.serialization_alias or field.alias or name
        taken = set(_taken(model, name, field))
        if written not in taken:
            raise ConfigurationError(
                f"{place} is written as {written!r} and read as {' or '.join(sorted(taken))!r}, so"
                " that no run would get it. Give it one alias for both, or populate_by_name."
            )


def _taken(model: type[BaseModel], name: str, field: FieldInfo) -> Iterator[str]:
    alias = field.validation_alias if field.validation_alias is not None else field.alias
    by_name = ("populate_by_name", "validate_by_name")
    if alias is None or any(model.model_config.get(one) for one in by_name):
        yield name
    for one in getattr(alias, "choices", [alias]):
        if isinstance(one, str):
            yield one


def _shown(place: str) -> str:
    return (
        f"{place} holds a secret, and a serializer of its own, which could show it. Leave the"
        " serializer out: the service keeps secrets encrypted by itself."
    )
