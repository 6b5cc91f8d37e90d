"""The words for what is wrong with fields of an input."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, Protocol, TypedDict

MOST_FAULTS = 20
"""Of one input; more help nobody."""

Fault = Mapping[str, Any]
"""One of ``ValidationError.errors()``."""

_MOMENT = "2026-01-31T05:00Z"
_MESSAGES = {
    "bool_parsing bool_type": "must be true or false",
    "date_from_datetime_inexact": "must be a date without a time of day",
    "date_from_datetime_parsing date_parsing date_type": "must be a date such as 2026-01-31",
    "datetime_from_date_parsing datetime_object_invalid datetime_parsing datetime_type": (
        f"must be a moment such as {_MOMENT}"
    ),
    "decimal_parsing decimal_type float_parsing float_type": "must be a number",
    "dict_type mapping_type model_attributes_type model_type": "must be an object",
    "extra_forbidden": "there is no such field",
    "frozen_set_type list_type set_type tuple_type": "must be a list",
    "int_from_float int_parsing int_type": "must be an integer",
    "int_parsing_size": "must be an integer with fewer digits",
    "json_invalid": "it is no JSON: {error}",
    "missing": "must be given",
    "none_required": "must be null",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "string_type": "must be a string",
    "string_unicode": "must be a string in UTF-8",
    "time_delta_parsing time_delta_type": "must be a duration such as PT5M",
    "time_parsing time_type": "must be a time of day such as 05:00",
    "timezone_aware": f"must say its offset from UTC, such as {_MOMENT}",
    "timezone_naive": "must have no offset from UTC",
    "union_tag_invalid": "must have as {discriminator} one of {expected_tags}",
    "union_tag_not_found": "must have the field {discriminator}",
    "url_parsing url_type": "must be a URL such as https://example.com",
    "url_scheme": "must be a URL that begins with {expected_schemes}",
    "uuid_parsing uuid_type": "must be a UUID",
}
"""By the types of faults: what they are called where Pydantic speaks of Python and not of JSON."""
_BY_TYPE = {one: message for types, message in _MESSAGES.items() for one in types.split()}
_SUBJECTS = "Data|Date|Dictionary|Frozenset|Input|List|Set|String|Tuple|Value|Decimal input"
_REWRITTEN = (
    (re.compile(rf"^({_SUBJECTS}) should (be|have|match)\b"), r"must \2"),
    (re.compile(r"^must be greater than or equal to\b"), "must be at least"),
    (re.compile(r"^must be less than or equal to\b"), "must be at most"),
    (re.compile(r"\bitem(s?) after validation\b"), r"element\1"),
)
"""Of all other types: what in Pydantic's sentences is changed."""
_BOUNDS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")
_OF_VALIDATORS = {"value_error": "Value error, ", "assertion_error": "Assertion failed, "}
"""Pydantic puts this before what a validator says, which is left as it is."""


class FieldError(TypedDict):
    """As a problem document and the log have it."""

    field: str
    message: str


class Refusal(Protocol):
    """Pydantic's ``ValidationError``, or FastAPI's of a request."""

    def errors(self) -> Sequence[Any]: ...


def path_of(fault: Fault) -> str:
    """``("items", 3)`` is ``items.3``; "": the input as a whole."""
    return ".".join(str(part) for part in fault["loc"])


def message_of(fault: Fault) -> str:
    """What is wrong with a field, to follow its name and a colon, without a full stop."""
    kind, text = fault["type"], str(fault["msg"])
    if kind in _OF_VALIDATORS or not _is_pydantics(fault):
        return text.removeprefix(_OF_VALIDATORS.get(kind, ""))
    if kind in _BOUNDS and _is_not_a_number(fault.get("input")):
        kind = "float_type"  # which lies within no bounds, so that one would go on looking
    if kind in _BY_TYPE:
        return _BY_TYPE[kind].format_map(fault.get("ctx", {}))
    for theirs, ours in _REWRITTEN:
        text = theirs.sub(ours, text)
    return text


def told_of_null(cls: Any, value: object, read: Callable[[object], Any], info: Any) -> Any:
    """A wrap validator of a model's fields, in pydantic's own types: of one that may be left out,
    null is refused with that.

    Raises:
        ValueError: the field takes no null, and need not be named.
    """
    if value is not None or cls.model_fields[info.field_name].is_required():
        return read(value)
    from pydantic import ValidationError  # noqa: PLC0415 - who says it is missing reads this

    try:
        return read(value)
    except ValidationError as error:
        wrong = message_of(error.errors()[0])
        raise ValueError(f"{wrong}, and not null: it may be left out") from None


def _is_not_a_number(given: object) -> bool:
    """``nan``, or a text that is read as it."""
    with suppress(TypeError, ValueError, OverflowError):
        return isinstance(given, str | float | Decimal) and math.isnan(float(given))
    return False


def _is_pydantics(fault: Fault) -> bool:
    """Or FastAPI's: a validator may raise a ``PydanticCustomError`` of any type."""
    from pydantic_core import PydanticKnownError  # noqa: PLC0415 - who says it is missing reads this

    kind, text = fault["type"], fault["msg"]
    with suppress(KeyError, TypeError):  # no such type, or another context
        known = PydanticKnownError(kind, fault.get("ctx")).message()
        return text == known or (kind, text) == ("json_invalid", "JSON decode error")
    return False


def field_errors(
    error: Refusal, within: str = "", name: Callable[[Fault], str] = path_of
) -> list[FieldError]:
    """One to ``MOST_FAULTS``. Never the input: it may be a secret, and it may be long.

    Args:
        within: what the input itself is called, such as ``params``; put before each path.
        name: what a fault's field is called within it.
    """
    return [
        FieldError(
            field=".".join(part for part in (within, name(fault)) if part),
            message=message_of(fault),
        )
        for fault in error.errors()[:MOST_FAULTS]
    ]


def first_of(faults: Sequence[FieldError]) -> str:
    """The first of them, without an end of its own."""
    return f"{faults[0]['field']}: {faults[0]['message']}"
