"""The bases of what a family takes from its callers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class FamilyParams(BaseModel):
    """The base of a family's params: camelCase over HTTP, and no field that is not declared."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True,
        validate_default=True,  # `seconds: float = 600` is 600.0, as from a caller
    )  # fmt: skip


class FamilyEntity(FamilyParams):
    """The base of an entity that a caller may hand over: see ``JobFamily.invokes``."""
