"""What callers send to the routes of a family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    StrictBool,
    create_model,
    model_validator,
)
from pydantic.alias_generators import to_pascal
from pydantic.json_schema import SkipJsonSchema

from app.errors import BadInput
from app.schemas.base import Body, GivenNote
from app.workflows.contract.job_family import AnyFamily
from app.workflows.contract.run_options import (
    Attempts,
    Budget,
    Canary,
    Items,
    Priority,
    Ramp,
    Rate,
    RunOptions,
    Seconds,
    options_of,
)
from app.workflows.keys import MAX_ITEM_ID, id_fault
from app.workflows.registry.bound_family import no_entity

MOST_ITEM_IDS = 1_000


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("an id holds no NUL character")
    return value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _item_id(value: str) -> str:
    fault = id_fault(value)
    if fault is not None:
        raise ValueError(f"an id {fault}")
    return value


_Text = Annotated[str, Field(min_length=1, max_length=MAX_ITEM_ID)]
ItemId = Annotated[
    _Text,
    BeforeValidator(_as_text, json_schema_input_type=_Text | int),
    AfterValidator(_item_id),
]
ItemIds = Annotated[list[ItemId], Field(min_length=1, max_length=MOST_ITEM_IDS)]
RunId = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_no_nul)]


Approval = Annotated[
    StrictBool | None,
    Field(description="count, then wait until somebody approves; null: as the family says"),
]


AttemptsAsked = Annotated[
    Attempts | None,
    Field(
        description="executions of one item that may fail before it is failed; null: as the family"
        " says"
    ),
]


PriorityAsked = Annotated[
    Priority | None,
    Field(description="0 to 9: a higher one goes first; null: as the family says"),
]


class RunOptionsBody(Body):
    """How often a run's items are tried, and when it must stop and ask; what is left out is as the
    family says."""

    attempts: AttemptsAsked = None
    max_failure_rate: Rate | None = Field(
        None, description="a larger share of failed items pauses the run"
    )
    min_items: Items | None = Field(None, description="that must have ended before it is judged")
    canary: Canary | None = Field(None, description="so many items first, then pause")
    auto_promote: StrictBool = Field(
        False, description="after a canary that is healthy, go on without being asked"
    )
    ramp: Ramp | None = Field(None, description="begin with few at once, and grow")
    budget: Budget | None = Field(None, description="pause when so much is spent")
    deadline_seconds: Seconds | None = Field(None, description="pause after so long")
    approval: Approval = None
    priority: PriorityAsked = None

    def options(self, family: AnyFamily, *, bulk: bool = False) -> RunOptions:
        """
        Raises:
            BadInput: autoPromote without a canary, or see ``options_of``.
        """
        if self.auto_promote and self.canary is None:
            raise BadInput(
                "autoPromote is for a run with a canary: name both.", field="autoPromote"
            )
        asked = {name: getattr(self, name) for name in RunOptionsBody.model_fields}
        return options_of(family, bulk=bulk, **asked)


def entity_field(family: AnyFamily) -> tuple[Any, Any]:  # as create_model takes it
    """One that its caller hands over. Where the family takes none, that is what is told."""
    if family.invokes is not None:
        about = f"one {family.entity.singular} of one's own, which has no row: the run is for it"
        return family.invokes | None, Field(None, description=about)

    def refuse(value: object) -> object:
        if value is not None:
            raise ValueError(no_entity(family))
        return value

    return SkipJsonSchema[Annotated[object, BeforeValidator(refuse)]], None


def require_alone(body: Body, others: Mapping[str, str]) -> None:
    """
    Args:
        others: fields of the body that say which items, or how many go first, and their names over
            HTTP.

    Raises:
        BadInput: there is an entity, and one of them beside it.
    """
    if getattr(body, "entity", None) is None:
        return
    asked = ((name, getattr(body, field)) for field, name in others.items())
    given = [name for name, value in asked if value is not None and value is not False]
    if given:
        raise BadInput(
            f"{given[0]}: send either this or an entity, not both. An entity of one's own is the"
            " only item of its run.",
            field=given[0],
        )


def params_field(family: AnyFamily) -> tuple[type[BaseModel], Any]:  # as create_model takes it
    if any(field.is_required() for field in family.params.model_fields.values()):
        return family.params, ...
    return family.params, Field(default_factory=family.params)


def body_model(
    family: AnyFamily,
    suffix: str,
    base: type[Body] = Body,
    **fields: Any,  # as create_model takes them
) -> type[Body]:
    return create_model(to_pascal(family.name.replace("-", "_")) + suffix, __base__=base, **fields)


class ForgetBody(Body):
    """Either ``itemIds`` or ``all``, so that an empty body forgets nothing."""

    item_ids: ItemIds | None = None
    all: StrictBool = False
    note: GivenNote = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.item_ids is not None) is self.all:
            raise ValueError("it takes itemIds, or all: true, and not both")
        return self
