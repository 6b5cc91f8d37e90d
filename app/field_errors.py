"""What pydantic refuses, told by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypedDict

MOST = 20
"""Of one input; more help nobody."""

Fault = Mapping[str, Any]
"""One of ``ValidationError.errors()``."""


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


def field_errors(
    error: Refusal, within: str = "", name: Callable[[Fault], str] = path_of
) -> list[FieldError]:
    """At least one and at most ``MOST``. Never the input: it may be a secret, and it may be long.

    Args:
        within: what the input itself is called, such as ``params``; put before each path.
        name: what a fault's field is called within it.
    """
    return [
        FieldError(
            field=".".join(part for part in (within, name(fault)) if part),
            message=fault["msg"].removeprefix("Value error, "),
        )
        for fault in error.errors()[:MOST]
    ]


def first_of(faults: Sequence[FieldError]) -> str:
    """The first of them, without an end of its own."""
    return f"{faults[0]['field']}: {faults[0]['message']}"
