"""What the rows of all seed files have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

# What HTML accepts in <input type=email> (html.spec.whatwg.org), with at least one dot.
EMAIL = (
    r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+"
    r"@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$"
)
# PostgreSQL keeps no NUL, and no screen shows the others.
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"


def _one_space(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=EMAIL)]
Words = Annotated[
    str, BeforeValidator(_one_space), StringConstraints(min_length=1, pattern=PRINTABLE)
]
"""Text on one line, without doubled spaces. The field adds the greatest length."""


class SeedRow(BaseModel):
    """One row of a seed file. Its fields are the columns; one with a default may be left out.

    The description of a field says what its cell must be, and ends the sentence "it must be …".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    plural: ClassVar[str]
    """What a file has many of; the committed one is named after it."""
    key_column: ClassVar[str]
    """Named when a row comes twice."""

    def key(self) -> tuple[str, ...]:
        """By which the row is found when it is loaded again; no two rows of a file share it."""
        raise NotImplementedError


def columns(kind: type[SeedRow]) -> tuple[str, ...]:
    return tuple(kind.model_fields)


def needed(kind: type[SeedRow]) -> tuple[str, ...]:
    """The columns that a file must have."""
    return tuple(name for name, field in kind.model_fields.items() if field.is_required())


def expectation(kind: type[SeedRow], column: str) -> str:
    """What a cell of ``column`` must hold, for a sentence such as "it must be …, not 'x'"."""
    return f"it must be {kind.model_fields[column].description}"
