"""``--param`` values by a schema, as pydantic writes them."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from enum import StrEnum
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from app.cli.input.params import Schema, parse_params
from app.errors import BadInput
from app.workflows.family import FamilyParams


class Tone(StrEnum):
    WARM = "warm"
    DRY = "dry"


class Params(FamilyParams):
    paid_only: bool = False
    at_most: int | None = None
    share: float = 1
    note: str = ""
    tags: list[str] = []  # noqa: RUF012 - pydantic copies it
    sizes: list[int] = []  # noqa: RUF012
    tone: Tone = Tone.WARM
    more: dict[str, int] = {}  # noqa: RUF012
    code: int | str = 0
    price: Decimal = Decimal(0)


SCHEMA = cast("Schema", Params.model_json_schema())


@pytest.mark.parametrize(
    ("given", "params"),
    [
        ("paid_only=yes", {"paidOnly": True}),
        ("paid-only=FALSE", {"paidOnly": False}),
        ("paidOnly=1", {"paidOnly": True}),
        ("at_most=-12", {"atMost": -12}),
        ("at_most=null", {"atMost": None}),
        ("share=.5", {"share": 0.5}),
        ("note=", {"note": ""}),
        ("note=a=b, c", {"note": "a=b, c"}),
        ("note=true", {"note": "true"}),
        ("tags=a, b", {"tags": ["a", "b"]}),
        ('tags=["a,b"]', {"tags": ["a,b"]}),
        ("sizes=1,2", {"sizes": [1, 2]}),
        ("tone=dry", {"tone": "dry"}),
        ('more={"a": 1}', {"more": {"a": 1}}),
        ("code=7", {"code": 7}),
        ("at_most=9007199254740993", {"atMost": 9007199254740993}),
        ("sizes=[123456789012345678901234567890]", {"sizes": [123456789012345678901234567890]}),
        ("price=0.12345678901234567890", {"price": "0.12345678901234567890"}),
        ("price=0.5", {"price": 0.5}),
        ("code=x7", {"code": "x7"}),
    ],
)
def test_a_value_is_read_as_its_type_says(given: str, params: dict[str, JsonValue]) -> None:
    assert parse_params([given], SCHEMA) == params
    Params.model_validate(params)


def test_an_array_may_be_given_piece_by_piece() -> None:
    assert parse_params(["tags=a", "tags=b,c"], SCHEMA) == {"tags": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["paid_only"], "--param paid_only: it must be of the form name=value."),
        (["nope=1"], "There is no param 'nope'. Known are: atMost, code,"),
        (["paid_only=2"], "--param paid_only: it must be true or false, not '2'."),
        (["at_most=1.5"], "--param at_most: it must be an integer or null, not '1.5'."),
        (["share=nan"], "--param share: it must be a number of at most 16 digits, not 'nan'."),
        (["share=1e400"], "--param share: it must be a number of at most 16 digits, not '1e400'."),
        (["share=9007199254740993"], "--param share: it must be a number of at most 16 digits"),
        (['more={"a": 1e400}'], "--param more: it must be a JSON object"),
        (["tone=loud"], "--param tone: it must be one of warm, dry, not 'loud'."),
        (["sizes=1,x"], "--param sizes: it must be an integer, not '1,x'."),
        (["tags=[1"], "--param tags: it must be a JSON array, not '[1'."),
        (["more=[]"], "--param more: it must be a JSON object, not '[]'."),
        (["note=a", "note=b"], "--param note stands twice, and it takes one value."),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(given: list[str], sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_params(given, SCHEMA)
    assert refused.value.detail.startswith(sentence)


@given(st.text(), st.sampled_from(sorted(Params.model_fields)))
def test_any_text_is_either_read_or_refused(text: str, name: str) -> None:
    with suppress(BadInput):
        parse_params([f"{name}={text}"], SCHEMA)
