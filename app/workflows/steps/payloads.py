"""A step that an item's code asks for, what it may be called, and what a person is shown of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel, PydanticUserError, RootModel, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from app.errors import field_errors, first_of
from app.store.statuses import StepStatus
from app.store.steps.steps import StepRecord
from app.workflows.contract.context import Context
from app.workflows.contract.exceptions import StepMisused
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.step_contract import StepContract
from app.workflows.serialization.class_codecs import qualified
from app.workflows.steps.journal import JournalEntry

LONGEST_NAME = 100
LARGEST_PAYLOAD = 200_000
"""Characters, as JSON: a person reads it."""


@dataclass(slots=True)
class StepCall:
    """A step that the item's code asks for. ``known``: what is remembered of it."""

    record: StepRecord
    known: JournalEntry | None

    @property
    def done(self) -> bool:
        return self.known is not None and self.known.done

    @property
    def fresh(self) -> bool:
        """The journal does not know that it has begun, or knows that it has failed."""
        return self.known is None or self.known.step.status == StepStatus.FAILED

    @property
    def result(self) -> str | None:
        return None if self.known is None else self.known.step.result

    def left(self, otherwise: timedelta | None) -> timedelta | None:
        """How long it has still to wait."""
        return otherwise if self.known is None or self.fresh else self.known.left


def listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5])
    return f"the step{'s' if len(names) > 1 else ''} {shown}{', …' if len(names) > 5 else ''}"


def check_name(name: object) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise StepMisused(
            f"A step's name has 1 to {LONGEST_NAME} printable characters; {name!r} does not."
        )


def checked_args(
    bound: BoundFamily, contract: StepContract, name: str, args: Sequence[object]
) -> list[object]:
    """The step's own copies, so that the first delivery sees what any other would; only the context
    is passed as it is.

    Raises:
        StepMisused: the function does not take one of them, or it cannot be copied.
    """
    given = _copies(bound, name, args)
    contract.check_arguments(name, given)
    return given


def checked_value(bound: BoundFamily, contract: StepContract, name: str, value: object) -> object:
    """The same of a value for a batched method, which takes a list of them.

    Raises:
        StepMisused
    """
    [given] = _copies(bound, name, (value,))
    contract.check_arguments(name, [[given]])
    return given


def _copies(bound: BoundFamily, name: str, args: Sequence[object]) -> list[object]:
    return [
        arg if isinstance(arg, Context) else bound.values.copy(arg, f"{name}: argument {number}")
        for number, arg in enumerate(args, start=1)
    ]


def shown_to_people(name: str, payload: object) -> str:
    """The payload as JSON.

    Raises:
        StepMisused: it is none, it is too long to be read, or it is a model that does not hold what
            its class declares.
    """
    try:
        if isinstance(payload, BaseModel):
            # A value of another type than its field declares is an error, also deep inside.
            text = payload.model_dump_json(by_alias=True, warnings="error")
            _check_held(name, payload)
        else:
            text = to_json(payload).decode()
    except (PydanticSerializationError, ValueError, UnicodeError) as error:
        raise StepMisused(f"The payload of step {name!r} is no JSON: {error}") from None
    if len(text) > LARGEST_PAYLOAD:
        raise StepMisused(
            f"The payload of step {name!r} is {len(text):,} characters; {LARGEST_PAYLOAD:,} fit."
        )
    return text


def expected(
    bound: BoundFamily, name: str, payload: object, resume: type[BaseModel] | None
) -> str | None:
    """What an answer must be, and what the payload is, for whoever answers: as JSON.

    Raises:
        StepMisused: the service that takes the answer would not find the class; the payload's class
            has no schema.
    """
    told: dict[str, object] = {}
    if isinstance(payload, BaseModel):
        told["shows"] = _schema_of(name, type(payload))
    if resume is not None:
        known = qualified(resume)
        if bound.values.find(known) is not resume:
            raise StepMisused(
                f"Step {name!r} is answered with a {resume.__name__}, which must be defined or"
                " imported at the top level of the family's file: the API looks there for it."
            )
        told |= {"class": known, "schema": resume.model_json_schema()}
    return json.dumps(told) if told else None


def _check_held(name: str, payload: BaseModel) -> None:
    """A model may have been made without its checks, or changed since."""
    kind = type(payload)
    try:
        if isinstance(payload, RootModel):
            kind.model_validate(payload.root)
        else:
            held = {**payload.__dict__, **(payload.__pydantic_extra__ or {})}
            kind.model_validate(held, by_name=True, by_alias=False)
    except ValidationError as error:
        raise StepMisused(
            f"The payload of step {name!r} is no {kind.__name__}:"
            f" {first_of(field_errors(error, 'payload'))}"
        ) from None


def _schema_of(name: str, kind: type[BaseModel]) -> dict[str, object]:
    try:
        return kind.model_json_schema(mode="serialization")
    except PydanticUserError as error:
        raise StepMisused(
            f"The payload of step {name!r} is a {kind.__name__}, which has no JSON schema:"
            f" {error.message}"
        ) from None
