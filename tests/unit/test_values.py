"""Values as text: what goes in comes out, or is refused with the place where it stands."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
import sys
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from asyncpg.pgproto import pgproto
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    TypeAdapter,
    field_validator,
)
from sqlalchemy import MetaData
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from app.workflows.serialization.codec import (
    DEEPEST,
    LARGEST,
    NotSerialisable,
    Unreadable,
    ValueCodec,
)

T = TypeVar("T")


class Colour(Enum):
    RED = "red"
    ROUGE = "red"  # noqa: PIE796  # an alias
    PAIR = (1, 2)


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Mode(StrEnum):
    FAST = "fast"
    name_ = "name"  # as some spell it


class Rights(Flag):
    READ = 1
    WRITE = 2


class Bits(IntFlag):
    ONE = 1
    TWO = 2


@dataclass
class Point:
    x: int
    y: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    name: str
    inside: Any = field(default_factory=list)  # any value that can be kept


@dataclass
class Sum(Point):
    twice: int = field(init=False)
    scale: InitVar[int] = 2

    def __post_init__(self, scale: int) -> None:
        self.twice = self.x * scale


@dataclass
class Pair(Generic[T]):
    left: T
    right: T


class Size(BaseModel):
    width: int
    height: int = 1


class Box(BaseModel):
    model_config = ConfigDict(frozen=True)

    size: Size
    label: str | None = Field(None, alias="theLabel")
    inside: Any = None  # any value that can be kept


class Big(Size):
    depth: int


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: int


class Numbers(RootModel[list[int]]):
    pass


class Doubled(BaseModel):
    """Its validators would change each value again."""

    by_field: int
    by_type: Annotated[int, AfterValidator(lambda value: value * 2)]
    text: Annotated[int, AfterValidator(str)] = 0

    @field_validator("by_field")
    @classmethod
    def _twice(cls, value: int) -> int:
        return value * 2


class Parcel(BaseModel, Generic[T]):
    content: T


class Hidden(BaseModel):
    shown: int
    _count: int = PrivateAttr(default=3)


class ValuesHero(SQLModel, table=True):
    metadata = MetaData()  # not among the tables that the migrations must make

    id: int | None = Column(default=None, primary_key=True)
    key: UUID
    name: str = "nobody"


class Folder(BaseModel):
    folders: list[Folder] = []


@dataclass
class Stranger:
    x: int = 0


class StrangeColour(Enum):
    RED = 1


class StrangeModel(BaseModel):
    x: int = 0


Tuple2 = namedtuple("Tuple2", "a b")


class Text(str):
    __slots__ = ()


class Moment(datetime):
    pass


class Other(tzinfo):
    def utcoffset(self, dt: datetime | None) -> timedelta:
        return timedelta(0)

    def dst(self, dt: datetime | None) -> None:
        return None

    def tzname(self, dt: datetime | None) -> str:
        return "other"

    def __repr__(self) -> str:
        return "Other()"


def known() -> ValueCodec:
    values = ValueCodec()
    values.use(
        Colour, Level, Mode, Rights, Bits, Point, Frozen, Sum, Pair[int], Size, Box, Big, Open,
        Numbers, Doubled, Parcel[int], Hidden, ValuesHero, Folder,
    )  # fmt: skip
    return values


VALUES = known()


def same(one: Any, other: Any) -> bool:
    """Equal, and of one type, at every depth; not a number is itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, Decimal):
        return str(one) == str(other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same([*one.items()], [*other.items()])
    if isinstance(one, (datetime, time)):
        return bool(
            one.replace(tzinfo=None) == other.replace(tzinfo=None)
            and one.fold == other.fold
            and one.utcoffset() == other.utcoffset()
            and one.tzname() == other.tzname()
        )
    if isinstance(one, BaseModel):
        return (
            one.model_fields_set == other.model_fields_set
            and same(dict(one), dict(other))
            and same(one.__pydantic_extra__, other.__pydantic_extra__)
        )
    if dataclasses.is_dataclass(one):
        names = [each.name for each in dataclasses.fields(one)]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    return bool(one == other)


# Every code point by itself, and surrogates next to each other.
texts = st.text(st.characters(), max_size=8) | st.text("$\0\ud83d\ude00\U0001f600\\ud", max_size=6)
zones = st.one_of(
    st.none(),
    st.sampled_from([UTC, ZoneInfo("Europe/Madrid"), ZoneInfo("Australia/Lord_Howe")]),
    st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone),
    st.builds(timezone, st.just(timedelta(hours=1)), texts),
)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(10**300, 10**320), st.floats(), texts,
    st.binary(max_size=20), st.complex_numbers(), st.uuids(), st.dates(),
    st.decimals().filter(lambda it: not it.is_snan()),  # which has no hash
    st.timedeltas(), st.datetimes(timezones=zones), st.times(timezones=zones),
    st.builds(pathlib.PurePosixPath, texts),
    st.builds(pathlib.PureWindowsPath, texts).filter(lambda it: type(it)(str(it)) == it),
    st.builds(pathlib.Path, texts),
    st.sampled_from([*Colour, *Level, *Mode, *Bits]), st.integers(0, 3).map(Rights),
)  # fmt: skip
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)
sizes = st.builds(Size, width=st.integers(), height=st.integers()) | st.builds(
    Size, width=st.just(1)
)
names = st.sampled_from(["$", "v", "set", "extra", "a b", "\N{SNOWMAN}"])
keys = st.recursive(
    leaves.filter(lambda it: bool(it == it)),  # not a number is never found again
    lambda inner: st.lists(inner, max_size=2).map(tuple) | st.frozensets(inner, max_size=2),
    max_leaves=3,
)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(texts, inner, max_size=3),
        st.dictionaries(keys, inner, max_size=3),
        st.sets(keys, max_size=3),
        st.builds(Point, st.integers(), inner),
        st.builds(Frozen, name=texts, inside=inner),
        st.builds(lambda size, value: Box(size=size, inside=value), sizes, inner),
        st.builds(lambda extra: Open(id=1, **extra), st.dictionaries(names, inner)),
    )


anything = st.recursive(leaves | sizes, containers, max_leaves=12)


@given(anything)
def test_what_goes_in_comes_out(value: object) -> None:
    assert same(VALUES.copy(value), value)


@given(plain)
def test_plain_json_comes_out_as_it_went_in(value: object) -> None:
    assert same(VALUES.copy(value), value)


@given(anything)
def test_the_text_is_one_line_of_ascii_and_strict_json(value: object) -> None:
    text = VALUES.dump(value)
    assert text.isascii()
    assert text.isprintable()
    json.loads(text, parse_constant=pytest.fail)


@given(anything)
def test_text_of_what_came_back_is_the_same_text(value: object) -> None:
    text = VALUES.dump(value)
    assert VALUES.dump(VALUES.load(text)) == text


@given(anything, st.data())
def test_a_text_that_was_cut_or_altered_is_read_or_called_unreadable(
    value: object, data: st.DataObject
) -> None:
    text = VALUES.dump(value)
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(st.text('[]{},:"$v0-', max_size=3))
    cut = data.draw(st.integers(0, 3))
    with suppress(Unreadable):
        VALUES.load(text[:at] + put + text[at + cut :])


@pytest.mark.parametrize(
    "value",
    [-0.0, math.inf, -math.inf, math.nan, 5e-324, 10**5_000, -(10**5_000), {10**5_000}, True, 1,
     "\0", "\ud800", "\ud83d\ude00", "\U0001f600", {"\ud83d\ude00": 1}, ["\U0001f600", ("\ud800",)],
     {"$": 1}, {"$": "date", "v": "2026-01-01"}, {"a": {"$": {"$": []}}}, {1: 2, None: 3, (4,): 5},
     Decimal("sNaN"), Decimal("-Infinity"), Decimal("1.10"), complex(-0.0, math.nan), b"\0\xff",
     set(), frozenset({1, "1"}), (), ((),), timedelta.max, time(1, fold=1),
     datetime(1, 1, 1, tzinfo=UTC),
     datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Madrid")),
     timezone(timedelta(seconds=1, microseconds=2), "odd"), ZoneInfo("Europe/Madrid"),
     Colour.ROUGE, Rights(0), Rights.READ | Rights.WRITE, Bits(8), {Mode.name_: Level.LOW},
     pathlib.PureWindowsPath("c:/a"), pathlib.Path("a/b"), ".", {"": ""}],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_value_of_the_odd_kind_comes_out_as_it_went_in(value: object) -> None:
    assert same(VALUES.copy(value), value)


@pytest.mark.parametrize(
    "value",
    [Point(1, Point(2)), Frozen(name="a"), Sum(2, scale=5), Pair(1, [2]), Numbers([1, 2]),
     Box(theLabel="a", size=Big(width=1, depth=2)), Open.model_validate({"id": 1, "$": [()]}),
     Box(size=Size(width=1), inside=Big(width=1, depth=2)),
     Doubled(by_field=1, by_type=1, text=1), Parcel[int](content=1), Parcel(content=Size(width=1)),
     Size.model_construct(_fields_set={"width"}, width=1), Folder(folders=[Folder()])],
)  # fmt: skip
def test_an_instance_comes_back_equal_and_with_the_fields_that_were_set(value: object) -> None:
    assert same(VALUES.copy(value), value)
    assert VALUES.copy(value) == value


def test_what_comes_back_shares_nothing_with_what_went_in() -> None:
    value = {"points": [Point(1, [])]}
    back = VALUES.copy(value)
    back["points"][0].y.append(1)
    assert value == {"points": [Point(1, [])]}


def test_the_offset_that_pydantic_gives_comes_back_as_a_plain_one() -> None:
    for text in ("2026-01-01T09:00:00Z", "2026-01-01T09:00:00+02:00"):
        moment = TypeAdapter(datetime).validate_python(text)
        back = VALUES.copy(moment)
        assert back == moment
        assert back.utcoffset() == moment.utcoffset()
        assert type(back.tzinfo) is timezone


def test_the_uuid_of_the_driver_comes_back_as_the_uuid_that_it_equals() -> None:
    given_by_driver = pgproto.UUID("12345678-1234-5678-1234-567812345678")
    back = VALUES.copy(given_by_driver)
    assert type(back) is UUID
    assert back == given_by_driver


def test_a_path_of_the_other_system_comes_back_as_one_that_is_only_compared() -> None:
    there = "PosixPath" if sys.platform == "win32" else "WindowsPath"
    back = VALUES.load(json.dumps({"$": there, "v": "a"}))
    assert type(back).__name__ == f"Pure{there}"


def test_a_path_whose_text_is_read_as_another_is_refused() -> None:
    path = pathlib.PureWindowsPath("//0/")
    if pathlib.PureWindowsPath(str(path)) == path:
        pytest.skip("this Python reads its own text")
    with pytest.raises(NotSerialisable, match="read as another path"):
        VALUES.dump({"at": path})


def test_a_row_comes_back_as_if_newly_made() -> None:
    row = ValuesHero(id=1, key=UUID(int=7), name="Ada")
    back = VALUES.copy(row)
    assert type(back) is ValuesHero
    assert back.model_dump() == row.model_dump()
    assert back.model_fields_set == row.model_fields_set
    back.name = "Grace"
    assert row.name == "Ada"


def test_private_attributes_are_at_their_defaults_again() -> None:
    hidden = Hidden(shown=1)
    hidden._count = 9
    assert VALUES.copy(hidden)._count == 3


def test_equal_sets_have_the_same_text() -> None:
    items = [f"item {at}" for at in range(50)]
    assert json.loads(VALUES.dump(set(items)))["v"] == sorted(items)


def unseen(model: type[BaseModel], **fields: object) -> BaseModel:
    """With fields that nothing looked at."""
    return model.model_construct(None, **fields)


REMEMBER = "which cannot be remembered"
UNKNOWN = "not known here: a class is known by being used in the family's annotations"


@pytest.mark.parametrize(
    ("value", "begins", "says"),
    [
        (object(), "result is a object,", REMEMBER),
        ({"rows": [0, 1, 2, {"when": len}]}, "result['rows'][3]['when'] is a builtin", REMEMBER),
        (Point(1, [Frozen(name="a", inside=len)]), "result.y[0].inside is a builtin_function", ""),
        ({"a b": {1: object()}}, "result['a b'][1] is a object,", REMEMBER),
        ({"a" * 99: object()}, f"result['{'a' * 56}…] is a object,", REMEMBER),
        ({Text("a"): 1}, "result<key> is a tests.unit.test_values.Text,", "back as a str"),
        ({(1, Text("a")): 1}, "result<key>[1] is a tests", "come back as a str"),
        ({1, Text("a")}, "result<item> is a tests", "come back as a str"),
        ((1, [Moment(2026, 1, 1)]), "result[1][0] is a tests", "come back as a datetime"),
        ([Tuple2(1, 2)], "result[0] is a tests.unit.test_values.Tuple2,", "back as a tuple"),
        ([StrangeColour.RED], "result[0] is a tests.unit.test_values:StrangeColour,", UNKNOWN),
        ([Stranger()], "result[0] is a tests.unit.test_values:Stranger,", UNKNOWN),
        ({"m": StrangeModel()}, "result['m'] is a tests.unit.test_values:Str", UNKNOWN),
        (Box(size=Size(width=1), inside=StrangeModel()), "result.inside is a tests", UNKNOWN),
        (Open.model_validate({"id": 1, "x": len}), "result.x is a builtin", REMEMBER),
        (Numbers.model_construct([1, cast("Any", len)]), "result.root holds a list", "list[int]"),
        (unseen(Size, width="1"), "result.width holds a str", "declared as int"),
        (unseen(Size, height=1), "result has no value for its field 'width'", "Set the"),
        ([datetime(2026, 1, 1, tzinfo=Other())], "result[0] has the time zone Other()", REMEMBER),
        ([Point.__new__(Point)], "result[0] has no value for its field 'x'", "Set the field"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_place_and_what_to_do(value: object, begins: str, says: str) -> None:
    with pytest.raises(NotSerialisable) as refused:
        VALUES.dump(value, "result")
    sentence = str(refused.value)
    assert sentence.startswith(begins)
    assert says in sentence
    assert sentence.endswith(".")


def in_itself() -> Iterator[tuple[object, str]]:
    rows: list[object] = []
    rows.append(rows)
    yield rows, "result[0] is result itself."
    table: dict[str, object] = {"a": 1}
    table["rows"] = [0, ({"table": table},)]
    yield [table], "result[0]['rows'][1][0]['table'] is result[0] itself."
    point = Point(1)
    point.y = [point]
    yield {"p": point}, "result['p'].y[0] is result['p'] itself."


@pytest.mark.parametrize(("value", "begins"), list(in_itself()))
def test_a_value_that_contains_itself_is_refused(value: object, begins: str) -> None:
    with pytest.raises(NotSerialisable) as refused:
        VALUES.dump(value, "result")
    assert str(refused.value).startswith(begins)


def nested(levels: int, make: Callable[[object], object]) -> object:
    value: object = 0
    for _ in range(levels):
        value = make(value)
    return value


@pytest.mark.parametrize(
    "make", [lambda it: [it], lambda it: (it,), lambda it: {1: it}, lambda it: Point(1, it)]
)
def test_a_value_may_be_so_deep_and_no_deeper(make: Callable[[object], object]) -> None:
    assert VALUES.copy(nested(DEEPEST, make)) == nested(DEEPEST, make)
    with pytest.raises(NotSerialisable, match=rf"… is {DEEPEST} levels deep"):
        VALUES.dump(nested(DEEPEST + 1, make))


def test_a_text_may_be_so_large_and_no_larger() -> None:
    assert len(VALUES.dump("a" * (LARGEST - 2))) == LARGEST
    with pytest.raises(NotSerialisable, match="result weighs 1,000,001 bytes as text"):
        VALUES.dump("a" * (LARGEST - 1), "result")


@pytest.mark.parametrize("first", [0, b""])
def test_a_value_that_would_be_written_times_without_number_is_refused(first: object) -> None:
    value = nested(60, lambda it: [it, it])
    with pytest.raises(NotSerialisable, match="result holds more than 500,000 values"):
        VALUES.dump([first, value], "result")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not the text of a value"), ("{", "is not the text"), ("[1] 2", "is not the text"),
        ("NaN", "NaN is no JSON"), ("[" * 100_000, "is not the text of a value"),
        ('{"$":"tomorrow","v":1}', "'tomorrow', which this version does not know"),
        ('{"$":"date","v":"today"}', "What the text has as 'date' is none"),
        ('{"$":"date"}', "as 'date' is none"), ('{"$":"date","v":1}', "as 'date' is none"),
        ('{"$":["date"],"v":1}', "is none"), ('{"$":1,"v":1}', "is none"),
        ('{"$":"tuple","v":"ab"}', "a str where a list belongs"),
        ('{"$":"set","v":[[]]}', "unhashable"), ('{"$":"dict","v":[1]}', "as 'dict' is none"),
        ('{"$":"decimal","v":"x"}', "as 'decimal' is none"), ('{"$":"bytes","v":"?"}', "is none"),
        ('{"$":"zone","v":"No/Where"}', "as 'zone' is none"),
        ('{"$":"os:system","v":{}}', "a os:system, which is not known here"),
        ('{"$":"tests.unit.test_values:Stranger","v":{"x":1}}', UNKNOWN),
        ('{"$":"tests.unit.test_values:Colour","v":"GREEN"}', "has no member 'GREEN' now"),
        ('{"$":"tests.unit.test_values:Colour","v":1}', "has no member 1 now"),
        ('{"$":"tests.unit.test_values:Point","v":{"x":1}}', "'y' was not. Give"),
        ('{"$":"tests.unit.test_values:Point","v":{"x":1,"y":2,"z":3}}', "'z' was a field"),
        ('{"$":"tests.unit.test_values:Point","v":[1]}', "is not a set of fields"),
        ('{"$":"tests.unit.test_values:Point"}', "is none"),
        ('{"$":"tests.unit.test_values:Size","v":{"width":1}}', "'height' was not. Give"),
        ('{"$":"tests.unit.test_values:Size","v":{"width":"1","height":1}}',
         "its field 'width' holds a str and is declared as int"),
        ('{"$":"tests.unit.test_values:Size","v":{"width":1,"height":1},"extra":{"x":1}}',
         "has no fields 'x' now"),
    ],
)  # fmt: skip
def test_a_text_that_was_written_otherwise_is_unreadable(text: str, says: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        VALUES.load(text)
    assert says in str(unreadable.value)


def test_what_was_put_in_a_field_unseen_is_refused_unless_it_is_a_default() -> None:
    class Sloppy(BaseModel):
        name: str = None  # type: ignore[assignment]  # as many write it

    values = ValueCodec()
    values.use(Sloppy)
    assert values.copy(Sloppy()).name is None
    with pytest.raises(NotSerialisable, match=r"value\.name holds a NoneType"):
        values.dump(unseen(Sloppy, name=None))


class Deep(BaseModel):
    level: Level


@dataclass
class Holder:
    colours: dict[str, list[Colour | None]]
    missing: NotThere  # type: ignore[name-defined]  # noqa: F821
    deep: tuple[Annotated[Deep, ["not hashable"]], ...]


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (list[Size], Size(width=1)), (dict[str, Size], Size(width=1)), (Size | None, Size(width=1)),
        (tuple[int, Size], Size(width=1)), (Annotated[Size, "note"], Size(width=1)),
        (Annotated[list[Size], ["not hashable"]], Size(width=1)), (Box, Size(width=1)),
        (Holder, Colour.RED), (Holder, Level.LOW), (Holder, Deep(level=Level.HIGH)),
        (Literal[Colour.RED], Colour.RED), (Pair[Size], Size(width=1)), (Pair[Size], Pair(1, 2)),
        (Parcel[Size], Parcel[Size](content=Size(width=1))), (Parcel[Size], Parcel(content=1)),
        (Numbers, Numbers([1])), (Folder, Folder(folders=[Folder()])),
    ],
)  # fmt: skip
def test_the_classes_in_an_annotation_are_known(annotation: object, value: object) -> None:
    values = ValueCodec()
    with pytest.raises(NotSerialisable, match=UNKNOWN):
        values.dump(value)
    values.use(annotation)
    values.use(annotation)
    assert values.copy(value) == value


@pytest.mark.parametrize(
    "annotation",
    [str, int, None, Any, T, object, list, Callable[[Size], Size], "Size", type(None), 3, [Size]],
)
def test_other_annotations_are_passed_over(annotation: object) -> None:
    values = ValueCodec()
    values.use(annotation)
    with pytest.raises(NotSerialisable, match=UNKNOWN):
        values.dump(Size(width=1))


def test_two_classes_of_one_name_are_refused() -> None:
    def made() -> type:
        @dataclass
        class Twin:
            x: int

        return Twin

    values, first = ValueCodec(), made()
    values.use(first, list[Size])
    values.use(first)
    with pytest.raises(ValueError, match=r"Two classes are called .*:.*\.Twin"):
        values.use(made())
