"""Where secrets stand in what a model is as JSON; and a mask in their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from app.errors import BadInput, full_stop
from app.exact_json import unstorable
from app.workflows.failures.error_text import class_of, sentence_of

MASK = "**********"
_WHOLE: Mapping[str, Any] = {"by_alias": True, "round_trip": True}
"""How a model is dumped, so that it is read back as it was."""

Place = tuple[str | int, ...]
Placed = Sequence[tuple[Place, Any]]
"""Secrets, as they are, by their places."""


def dumped(model: BaseModel, *, unset: bool = True) -> tuple[Any, Placed]:
    """The model as JSON, with a mask for each secret, and those secrets.

    Args:
        unset: with what nobody set.

    Raises:
        ValueError: it has no form in JSON.
    """
    how: dict[str, Any] = {**_WHOLE, "exclude_unset": not unset}
    data = model.model_dump(mode="json", **how)
    placed = list(_secrets(model.model_dump(mode="python", **how), data, ()))
    return put(data, [(place, MASK) for place, _ in placed]), placed


def not_dumped(model: BaseModel, word: str, error: ValueError) -> BadInput:
    """What is said of a model that has no form in JSON.

    Args:
        word: what it is called.
        error: that ``dumped`` raised.
    """
    place = next((f"{word}.{name}" for name in _without_form(model)), word)
    if isinstance(error, UnicodeDecodeError):
        why = "it holds bytes that are no text. Let the family declare it as Base64Bytes."
    elif error.__cause__ is not None:  # of the author's own serializer
        why = full_stop(f"{class_of(error.__cause__)}: {sentence_of(error.__cause__)}")
    else:
        why = "it has no form in JSON. Let the family declare it by a type that has one."
    return BadInput(f"{place} cannot be kept: {why}", field=place)


def _without_form(model: BaseModel) -> Iterator[str]:
    for name, field in type(model).model_fields.items():
        try:
            model.model_dump(mode="json", include={name}, **_WHOLE)
        except ValueError:
            yield field.serialization_alias or field.alias or name


def _secrets(value: Any, data: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """``value`` as ``data`` in Python: both have the same parts in the same order."""
    if isinstance(value, (SecretStr, SecretBytes, Secret)):
        yield place, value.get_secret_value()
    elif isinstance(value, Mapping) and isinstance(data, dict):
        for part, (name, inner) in zip(value.values(), data.items(), strict=False):
            yield from _secrets(part, inner, (*place, name))
    elif isinstance(value, (list, tuple, set, frozenset)) and isinstance(data, list):
        for number, (part, inner) in enumerate(zip(value, data, strict=False)):
            yield from _secrets(part, inner, (*place, number))


def put(data: Any, placed: Placed) -> Any:
    """A copy with each of these in its place.

    Raises:
        LookupError, TypeError: there is no such place.
    """
    if not placed:
        return data
    copy = deepcopy(data)
    for place, value in placed:
        if not place:
            return value
        owner = copy
        for part in place[:-1]:
            owner = owner[part]
        owner[place[-1]]  # a place that is there
        owner[place[-1]] = value
    return copy


def unmasked(data: Any, before: Any, placed: Placed) -> Any:
    """``data`` with those secrets in it again of which it has the mask in their place.

    Within a list only where that is as it was, because another part of it may stand there now.

    Args:
        before: the data that had these secrets, masked.
    """
    return put(data, [one for one in placed if _is_masked(data, before, one[0])])


def _is_masked(data: Any, before: Any, place: Place) -> bool:
    for part in place:
        if isinstance(part, int) and data != before:
            return False
        try:
            data, before = data[part], before[part]
        except (LookupError, TypeError):
            return False
    return bool(data == MASK)


def require_storable(data: Any, placed: Placed, word: str) -> None:
    """
    Args:
        word: what the data is called.

    Raises:
        BadInput: Postgres would not keep it, or a mask stands where its secret should.
    """
    fault = unstorable(data)
    if fault is not None:
        place, why = fault
        raise BadInput(f"{word}.{place} {why}.", field=f"{word}.{place}")
    for where, value in placed:
        if value == MASK:
            shown = ".".join((word, *map(str, where)))
            raise BadInput(
                f"{shown} is the mask that stands for a secret. Send the secret itself.",
                field=shown,
            )
