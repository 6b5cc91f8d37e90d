"""What pydantic refuses, told by field."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal
from uuid import UUID

import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError

from app.errors import MOST_FAULTS, FieldError, field_errors, first_of, message_of


class _Order(BaseModel):
    amounts: list[int]

    @field_validator("amounts")
    @classmethod
    def _some(cls, amounts: list[int]) -> list[int]:
        if not amounts:
            raise ValueError("must not be empty")
        return amounts


def _refused(data: object, kind: type[BaseModel] = _Order) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(data)
    return caught.value


def test_a_fault_is_told_by_the_path_of_its_field() -> None:
    faults = field_errors(_refused({"amounts": [1, "x"]}), "order")
    assert [fault["field"] for fault in faults] == ["order.amounts.1"]


def test_what_is_wrong_as_a_whole_has_the_name_of_the_whole() -> None:
    assert field_errors(_refused([]), "order")[0]["field"] == "order"
    assert field_errors(_refused([]))[0]["field"] == ""


def test_a_validator_s_own_sentence_is_told_as_it_was_raised() -> None:
    faults = field_errors(_refused({"amounts": []}))
    assert faults == [FieldError(field="amounts", message="must not be empty")]
    assert first_of(faults) == "amounts: must not be empty"

    said = "Input should say how many items after validation"
    fault = {"type": "value_error", "loc": (), "msg": f"Value error, {said}"}
    assert message_of(fault) == said


@pytest.mark.parametrize("kind", ["missing", "url_scheme", "too_short", "of_our_own"])
def test_a_validator_s_own_kind_of_error_is_told_as_it_was_raised(kind: str) -> None:
    said = "Value should have at least one {item}"

    class Own(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def _name(cls, _: str) -> str:
            raise PydanticCustomError(kind, said)

    assert field_errors(_refused({"name": ""}, Own)) == [FieldError(field="name", message=said)]


def test_a_body_that_is_no_json_is_told_in_our_words() -> None:
    fault = {"type": "json_invalid", "loc": (), "msg": "JSON decode error", "ctx": {"error": "Bad"}}
    assert message_of(fault) == "it is no JSON: Bad"


def test_the_input_is_never_told() -> None:
    assert "hunter2" not in str(field_errors(_refused({"amounts": ["hunter2"]})))


def test_no_more_faults_are_told_than_anybody_reads() -> None:
    assert len(field_errors(_refused({"amounts": ["x"] * 100}))) == MOST_FAULTS


class _Kinds(BaseModel):
    model_config = ConfigDict(extra="forbid")

    copies: int = Field(default=1, ge=1, le=5)
    share: float = Field(default=0, lt=1)
    name: str = Field(default="ada", min_length=2, pattern="^[a-z]+$")
    paid: bool = False
    kind: Literal["a", "b"] = "a"
    days: list[date] = Field(default=[], max_length=1)
    at: AwareDatetime | None = None
    within: timedelta = timedelta()
    key: UUID | None = None
    link: HttpUrl | None = None
    order: _Order | None = None


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"colour": "red"}, "colour: there is no such field"),
        ({"order": {}}, "order.amounts: must be given"),
        ({"order": 3}, "order: must be an object"),
        ({"order": {"amounts": 3}}, "order.amounts: must be a list"),
        ({"copies": "many"}, "copies: must be an integer"),
        ({"copies": 1.5}, "copies: must be an integer"),
        ({"copies": 0}, "copies: must be at least 1"),
        ({"copies": 6}, "copies: must be at most 5"),
        ({"share": "half"}, "share: must be a number"),
        ({"share": 1}, "share: must be less than 1"),
        ({"name": 3}, "name: must be a string"),
        ({"name": "a"}, "name: must have at least 2 characters"),
        ({"name": "Ada"}, "name: must match the pattern ^[a-z]+$"),
        ({"paid": "perhaps"}, "paid: must be true or false"),
        ({"kind": "c"}, "kind: must be 'a' or 'b'"),
        ({"days": ["2026-01-31"] * 2}, "days: must have at most 1 element, not 2"),
        ({"days": ["soon"]}, "days.0: must be a date such as 2026-01-31"),
        ({"at": "soon"}, "at: must be a moment such as 2026-01-31T05:00Z"),
        ({"at": "2026-01-31T05:00"}, "at: must say its offset from UTC, such as 2026-01-31T05:00Z"),
        ({"within": "soon"}, "within: must be a duration such as PT5M"),
        ({"key": "usr_1"}, "key: must be a UUID"),
        ({"link": "there"}, "link: must be a URL such as https://example.com"),
        ({"link": "ftp://there"}, "link: must be a URL that begins with 'http' or 'https'"),
    ],
)
def test_what_is_wrong_is_told_in_words_of_json(data: object, told: str) -> None:
    assert first_of(field_errors(_refused(data, _Kinds))) == told
