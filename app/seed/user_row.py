"""One user of a seed file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from app.seed.row import PRINTABLE, Email, SeedRow, Words

LOCALE = r"^[a-z]{2,3}(-[A-Z]{2})?$"


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


class SeedUser(SeedRow):
    """``active`` and ``paid`` are true, false, 1, 0, yes or no, in any case."""

    plural = "users"
    key_column = "email"

    email: Annotated[Email, Field(description="an address such as ada@example.org")]
    name: Annotated[
        Words,
        Field(max_length=200, description="1 to 200 characters, none of them a control character"),
    ]
    locale: Annotated[
        str,
        StringConstraints(strip_whitespace=True, pattern=LOCALE),
        Field(description="a language and perhaps a country, such as pt-BR"),
    ]
    interests: Annotated[
        tuple[Interest, ...],
        BeforeValidator(_split),
        Field(
            max_length=20,
            description="at most 20, of up to 60 characters, separated by semicolons",
        ),
    ]
    active: Annotated[bool, Field(description="true or false")]
    paid: Annotated[bool, Field(description="true or false")]
    created_at: Annotated[AwareDatetime, BeforeValidator(_iso_8601), AfterValidator(_in_utc)] = (
        Field(
            default_factory=lambda: datetime.now(UTC),
            description="ISO 8601 with an offset, such as 2026-10-31T08:00:00Z",
        )
    )

    def key(self) -> tuple[str, ...]:
        return (self.email.lower(),)
