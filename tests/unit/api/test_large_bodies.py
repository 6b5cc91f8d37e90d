"""A large body holds nobody up."""

from __future__ import annotations

import asyncio
import json

import pytest

from app import exact_json
from app.api.admission.large_bodies import LARGE, MOST_VALUES, LargeBodies
from app.errors import BadInput

MANY: dict[str, object] = {"ids": [[]] * 24_000}


@pytest.fixture
def bodies() -> LargeBodies:
    return LargeBodies(largest_params=50_000)


@pytest.mark.parametrize("number", [1, LARGE])
async def test_whatever_its_size_it_is_read_the_same(bodies: LargeBodies, number: int) -> None:
    value = {"text": "é" * number, "params": {}}
    assert await bodies.read(json.dumps(value).encode(), "ops") == value


@pytest.mark.parametrize("more", ["", " " * LARGE])
async def test_what_is_refused_is_refused_at_any_size(bodies: LargeBodies, more: str) -> None:
    with pytest.raises(exact_json.Refused, match="twice"):
        await bodies.read(f'{{"a": 1, "a": 2{more}}}'.encode(), "ops")
    with pytest.raises(json.JSONDecodeError):
        await bodies.read(f'{{"a": {more}'.encode(), "ops")


async def test_params_that_no_run_may_have_are_refused(bodies: LargeBodies) -> None:
    with pytest.raises(BadInput, match="SLUICE_MAX_PARAMS_BYTES") as refused:
        await bodies.read(json.dumps({"params": MANY}).encode(), "ops")
    assert refused.value.field == "params"
    beside = {"itemIds": MANY["ids"], "params": {"text": "short"}}
    assert await bodies.read(json.dumps(beside).encode(), "ops") == beside


@pytest.mark.parametrize(
    "value",
    [
        [[]] * MOST_VALUES,
        ["x"] * (MOST_VALUES + 1),
        {f"k{n}": 0 for n in range(MOST_VALUES + 1)},
        [{'"': "\\"}] * MOST_VALUES,
    ],
)
async def test_so_many_values_are_not_read(bodies: LargeBodies, value: object) -> None:
    with pytest.raises(BadInput, match="50,000 values"):
        await bodies.read(json.dumps(value).encode(), "ops")


@pytest.mark.parametrize("text", ["1,2,3,", "[]{}", '"a","b",', '\\",', "\\"])
async def test_what_stands_in_a_text_is_no_value(bodies: LargeBodies, text: str) -> None:
    value = {"data": text * 60_000, "more": [text] * 10_000}
    assert await bodies.read(json.dumps(value).encode(), "ops") == value


async def test_others_are_answered_while_it_is_read(bodies: LargeBodies) -> None:
    reading = asyncio.create_task(bodies.read(json.dumps(MANY).encode(), "ops"))
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10


async def test_one_tokens_large_bodies_leave_another_its_turn(bodies: LargeBodies) -> None:
    order: list[str] = []

    async def read(token: str) -> None:
        await bodies.read(json.dumps({"ids": ["x"] * LARGE}).encode(), token)
        order.append(token)

    async with asyncio.TaskGroup() as group:
        for token in ("worst", "worst", "worst", "worst", "other"):
            group.create_task(read(token))
    assert order.index("other") <= 1
