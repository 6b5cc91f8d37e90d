"""What execute returned is what save, and a parent's step, are given: however often."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, SecretStr, field_validator

from app.errors import ConfigurationError
from app.workflows.family import Context, FamilyParams, JobFamily
from app.workflows.registry.discovery import collect_families
from app.workflows.serialization.codec import NotSerialisable, ValueCodec
from app.workflows.serialization.equality import same
from app.workflows.serialization.json_shapes import surely
from app.workflows.serialization.json_text import as_jsonb, holds_nul
from app.workflows.serialization.results import Results
from tests.support.families import Recording
from tests.support.service import Opener
from tests.support.stepped import Stepped


class Colour(Enum):
    RED = "red"


class Plain(BaseModel):
    title: str
    score: float = 0.0
    tags: list[str] = []


class More(Plain):
    secret_of: str = ""


class Holding(BaseModel):
    plain: Plain
    others: list[Plain] = []


class Aliased(BaseModel):
    invoice_id: int = Field(alias="invoiceId")


class Shouting(BaseModel):
    """Its validator gives something else each time."""

    said: str

    @field_validator("said")
    @classmethod
    def louder(cls, said: str) -> str:
        return said + "!"


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow")

    seen: Any = None


class Rounded(BaseModel):
    price: Annotated[float, PlainSerializer(round, return_type=int)]


class Tight(BaseModel):
    name: Annotated[str, Field(min_length=3)]


@dataclass
class Point:
    x: Any
    y: Any = None


CASES: list[tuple[Any, Any]] = [
    (str, 'C:\\users\\u0000 is no NUL, nor is \\\\u0000'),
    (str, "half a \ud800 character"),
    (str | None, None),
    (list[str], ["a", "b"]),
    (list[float], [0.5, 1e400, -1e400]),
    (float, -0.0),
    (Any, 1e23),
    (Any, {"at": datetime(2026, 1, 1, 9, tzinfo=UTC)}),
    (dict[str, Any], {"at": datetime(2026, 1, 1, 9, tzinfo=ZoneInfo("Europe/Berlin"))}),
    (dict[str, Any], {"on": date(2026, 1, 1), "for": timedelta(hours=1)}),
    (dict[str, Any], {"a": (1, 2), "b": {3}, "c": frozenset({4})}),
    (dict[str, Any], {"d": b"\xff\x00", "e": Decimal(1)}),
    (dict[str, Any], {"plain": [1, 2.0, True, None, "text"]}),
    (dict[Any, Any], {1: "one", (2, 3): "two"}),
    (tuple[int, ...], (1, 2)),
    (set[str], {"a", "b"}),
    (bytes, b"\xff\xfe"),
    (Decimal, Decimal("1.10")),
    (Decimal, Decimal("Infinity")),
    (UUID, UUID(int=7)),
    (Colour, Colour.RED),
    (Any, Colour.RED),
    (Literal["a", 1], 1),
    (Plain, Plain(title="a", score=1.5)),
    (Plain, More(title="a", secret_of="b")),
    (Holding, Holding(plain=Plain(title="a"), others=[More(title="b", secret_of="c")])),
    (list[Plain], [Plain(title="a", score=math.inf)]),
    (Aliased, Aliased(invoiceId=1)),
    (list[Aliased], [Aliased(invoiceId=1)]),
    (Shouting, Shouting(said="hello")),
    (Loose, Loose(seen=(1, 2), other={3})),
    (Rounded, Rounded(price=1.5)),
    (Tight, Tight.model_construct(name="x")),
    (Plain | Aliased, Aliased(invoiceId=3)),
    (Point, Point((1, 2), {3})),
    (Any, Point(datetime(2026, 1, 1, tzinfo=UTC))),
]  # fmt: skip


def results(annotation: Any) -> Results:
    values = ValueCodec()
    values.use(annotation, Colour, Plain, More, Aliased, Point)
    return Results(annotation, values)


def name_of(one: object) -> str:
    # A set has another order in each process, and all of them must collect the same tests.
    return repr(sorted(one) if isinstance(one, set) else one)[:50]


@pytest.mark.parametrize(("annotation", "value"), CASES, ids=name_of)
def test_a_result_is_read_back_as_it_was(annotation: Any, value: Any) -> None:
    kept = results(annotation).keep(value)
    assert same(kept.value, value), kept
    read = results(annotation).read(kept.json, kept.exact)
    assert same(read, value), kept


def test_not_a_number_is_read_back_as_such() -> None:
    kept = results(Plain).keep(Plain(title="a", score=math.nan))
    assert math.isnan(kept.value.score)
    assert math.isnan(results(Plain).read(kept.json, kept.exact).score)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (str, "text"), (list[str], ["a"]), (Plain, Plain(title="a", score=1.5)), (None, None),
        (Holding, Holding(plain=Plain(title="a"))), (dict[str, list[int]], {"a": [1]}),
        (float | None, 1.5),
    ],
)  # fmt: skip
def test_usual_results_are_handed_on_as_they_are(annotation: Any, value: Any) -> None:
    kept = results(annotation).keep(value)
    assert kept.value is value
    assert kept.exact is None


@pytest.mark.parametrize(
    ("value", "where"), [([1, object()], r"\[1\]"), ({"a": lambda: 1}, r"\['a'\]")]
)
def test_what_cannot_be_read_back_is_refused_and_the_place_is_named(value: Any, where: str) -> None:
    with pytest.raises(NotSerialisable, match=f"What execute returned{where}"):
        results(Any).keep(value)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary() | st.dates() | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)  # fmt: skip


@given(ANY)
@settings(max_examples=300, deadline=None)
def test_any_value_is_read_back_as_it_was_or_refused(value: Any) -> None:
    if holds_nul(ValueCodec().dump(value)):
        return
    kept = results(Any).keep(value)
    assert same(results(Any).read(kept.json, kept.exact), value)


@given(st.text())
def test_a_nul_is_seen_and_nothing_that_looks_like_one(text: str) -> None:
    kept = ValueCodec().dump(text)
    assert holds_nul(kept) is ("\0" in text)
    assert holds_nul(ValueCodec().dump(text + "\\u0000")) is ("\0" in text)
    assert as_jsonb(kept) == text


def test_what_a_type_tells_is_told_once() -> None:
    assert surely(list[str]) is surely(str)
    assert surely(dict[str, Any]) is None
    assert surely(Aliased) is None


class Twice(Recording):
    """Its ``save`` fails the first time, and notes what it was given."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value
        self.given: list[Any] = []

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> Any:
        self.executed[entity] += 1
        return self.value

    async def save(self, entity: str, result: Any, params: FamilyParams, ctx: Context) -> None:
        self.given.append(result)
        if len(self.given) == 1:
            raise ConnectionError("the table is away")


def returning(annotation: Any, value: Any) -> Twice:
    """A family whose result type is ``annotation``."""

    class Returning(Twice, JobFamily[FamilyParams, str, annotation]):
        name = "returning"

    return Returning(value)


SAVED: list[tuple[Any, Any]] = [
    (dict[str, Any], {"at": datetime(2026, 1, 1, 9, tzinfo=UTC), "pair": (1, {2})}),
    (Aliased, Aliased(invoiceId=1)),
    (list[float], [0.5, math.inf]),
    (bytes, b"\xff\x00"),
    (str, "the six characters \\u0000"),
    (Plain, More(title="a", secret_of="b")),
]


@pytest.mark.parametrize(("annotation", "value"), SAVED, ids=lambda one: repr(one)[:50])
async def test_a_second_save_and_a_parents_step_are_given_what_execute_returned(
    opener: Opener, annotation: Any, value: Any
) -> None:
    async def script(item: str, ctx: Context) -> Any:
        return await ctx.child("it", "returning", item)

    child, parent = returning(annotation, value), Stepped(script)
    async with opener(parent, child) as sluice:
        run = await sluice.played(family="stepped")
        [item] = await sluice.items(run.id)
        assert (run.status, item.error_message) == ("succeeded", None)
        assert child.executed == {"u00001": 1}
    first, second = child.given
    assert same(first, value)
    assert same(second, value)
    assert same(parent.results["u00001"], value)


def test_a_result_type_of_which_nothing_can_be_kept_is_refused_when_the_service_starts() -> None:
    class Unknown:
        pass

    class Login(BaseModel):
        user: str
        password: SecretStr

    for annotation, why in [
        (Unknown, "cannot be kept"),
        (dict[str, Iterator[int]], "used up by the first who reads it"),
        (Callable[[], int], "used up|cannot be kept"),
        (list[Login], r"Login.*SecretStr.*stored and shown"),
    ]:
        with pytest.raises(ConfigurationError, match=f"returning.py: returning.*{why}"):
            collect_families([("returning.py", returning(annotation, None))])
