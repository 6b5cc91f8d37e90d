"""What all bodies and answers are made of: camelCase over HTTP, and moments."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)
from pydantic.alias_generators import to_camel

from app.errors import told_of_null

FIRST_YEAR, LAST_YEAR = 1970, 9000
"""Of moments that callers name: to each of them any offset can be applied."""


class Body(BaseModel):
    """What a caller sends: camelCase, and no field that we do not know."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    _of_null = field_validator("*", mode="wrap")(told_of_null)


def require_one_of(body: Body, names: Sequence[str], hint: str) -> None:
    """
    Args:
        names: of fields, as they are in code.
        hint: what becomes of what is null or left out.

    Raises:
        ValueError: the body names none of them.
    """
    if body.model_fields_set.isdisjoint(names):
        shown = ", ".join(to_camel(name) for name in names)
        raise ValueError(f"it must name at least one of {shown}: {hint}")


LONGEST_NOTE = 500
_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that show a text in another order than it has."""


def _legible(text: str) -> str:
    for char in text:
        if char != "\n" and (char in _TURNING or unicodedata.category(char) in _UNSEEN):
            raise ValueError("it must be of characters that can be seen, and line breaks")
    return text


Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NOTE),
    AfterValidator(_legible),
]
WHY = "why, for whoever looks later"
GivenNote = Annotated[Note | None, Field(description=WHY)]


class Noted(Body):
    """What a call takes that needs nothing else."""

    note: GivenNote = None


class View(BaseModel):
    """A part of an answer: camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )


class Answer(View):
    """A whole answer: it says that it is no problem document."""

    success: bool = True


def _moment(value: object) -> object:
    """A date is its beginning in UTC; a moment without an offset is in UTC."""
    try:
        text = str(value)
        if len(text) == len("2026-01-31"):
            found = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            "it must be a date such as 2026-01-31, or such as 2026-01-31T05:00Z"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _written(value: object) -> object:
    """A number, which pydantic would take for seconds, is no moment."""
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("it must be a moment such as 2026-01-31T05:00Z") from None
    if found.tzinfo is None:
        raise ValueError("it must say its offset from UTC, such as 2026-01-31T05:00Z")
    return found


def _in_utc(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"its year must be from {FIRST_YEAR} to {LAST_YEAR}")
    return moment.astimezone(UTC)


MomentWithOffset = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]
"""One that says its offset; a number is refused."""
Moment = Annotated[MomentWithOffset, BeforeValidator(_moment, json_schema_input_type=str)]
