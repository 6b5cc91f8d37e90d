"""One user of a seed file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

# What HTML accepts in <input type=email> (html.spec.whatwg.org), with at least one dot.
EMAIL = (
    r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+"
    r"@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$"
)
LOCALE = r"^[a-z]{2,3}(-[A-Z]{2})?$"
# PostgreSQL keeps no NUL, and no screen shows the others.
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"


def _one_space(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = (" ".join(part.split()) for part in value.split(";"))
    return tuple(part for part in parts if part)


def _iso_8601(value: object) -> object:
    # Left to itself pydantic takes "20260101" for seconds since 1970.
    return datetime.fromisoformat(value.strip()) if isinstance(value, str) else value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:  # in the year 1 or 9999, not a ValueError, so pydantic would let it pass
        raise ValueError("it is outside the years that UTC can say") from None


Interest = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=PRINTABLE)]


class SeedUser(BaseModel):
    """A row. ``active`` and ``paid`` are true, false, 1, 0, yes or no, in any case."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=EMAIL)]
    name: Annotated[
        str,
        BeforeValidator(_one_space),
        StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE),
    ]
    locale: Annotated[str, StringConstraints(strip_whitespace=True, pattern=LOCALE)]
    interests: Annotated[tuple[Interest, ...], BeforeValidator(_split), Field(max_length=20)]
    active: bool
    paid: bool
    created_at: Annotated[AwareDatetime, BeforeValidator(_iso_8601), AfterValidator(_in_utc)] = (
        Field(default_factory=lambda: datetime.now(UTC))
    )


def expectation(column: str) -> str:
    """What a cell of ``column`` must hold, for a sentence such as "it must be …, not 'x'"."""
    return {
        "email": "it must be an address such as ada@example.org",
        "name": "it must be 1 to 200 characters, none of them a control character",
        "locale": "it must be a language and perhaps a country, such as pt-BR",
        "interests": "it must be at most 20, of up to 60 characters, separated by semicolons",
        "active": "it must be true or false",
        "paid": "it must be true or false",
        "created_at": "it must be ISO 8601 with an offset, such as 2026-10-31T08:00:00Z",
    }[column]
