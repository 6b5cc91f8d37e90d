"""The bases of what is sent and answered: camelCase over HTTP."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from app.errors import BadInput
from app.workflows.serialization.json_text import unstorable


class Body(BaseModel):
    """What a caller sends: camelCase, and no field that we do not know."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, data: object) -> object:
        """As it was sent, because a secret in it cannot be looked at later."""
        fault = unstorable(data)
        if fault is not None:
            place, why = fault
            raise BadInput(f"{place or 'body'} {why}.", field=place or "body")
        return data


class View(BaseModel):
    """A part of an answer: camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )


class Answer(View):
    """A whole answer: it says that it is no problem document."""

    success: bool = True
