"""What pydantic refuses, told by field."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError, field_validator

from app.errors import MOST_FAULTS, FieldError, field_errors, first_of


class _Order(BaseModel):
    amounts: list[int]

    @field_validator("amounts")
    @classmethod
    def _some(cls, amounts: list[int]) -> list[int]:
        if not amounts:
            raise ValueError("must not be empty")
        return amounts


def _refused(data: object) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        _Order.model_validate(data)
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


def test_the_input_is_never_told() -> None:
    assert "hunter2" not in str(field_errors(_refused({"amounts": ["hunter2"]})))


def test_no_more_faults_are_told_than_anybody_reads() -> None:
    assert len(field_errors(_refused({"amounts": ["x"] * 100}))) == MOST_FAULTS
